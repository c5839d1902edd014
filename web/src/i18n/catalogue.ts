/** Fluent catalogue of one language. Values inside messages are bidi-isolated by FluentBundle's default. */
import { FluentBundle, FluentResource, type FluentVariable } from "@fluent/bundle";

export type MessageArguments = Record<string, FluentVariable>;

export interface Catalogue {
  has(id: string): boolean;
  /** The message's words; the id itself when the message is missing, so that nothing is ever blank. */
  text(id: string, args?: MessageArguments): string;
}

const LOCALE: Record<string, string> = { fa: "fa-IR", en: "en-GB" };

export function makeCatalogue(language: string, source: string): Catalogue {
  const bundle = new FluentBundle(LOCALE[language] ?? language);
  bundle.addResource(new FluentResource(source));
  return {
    has: (id) => bundle.hasMessage(id),
    text: (id, args) => {
      const message = bundle.getMessage(id);
      if (!message?.value) return id;
      const errors: Error[] = [];
      return bundle.formatPattern(message.value, args ?? null, errors);
    },
  };
}
