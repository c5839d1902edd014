import { mount } from "svelte";
import "./app.css";
import App from "./App.svelte";
import { i18n } from "./i18n/i18n.svelte";
import { applyLanguage } from "./i18n/language";
import { app } from "./lib/app.svelte";

applyLanguage(i18n.language);
void app.start();

const target = document.getElementById("app");
if (target) mount(App, { target });
