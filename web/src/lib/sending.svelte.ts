/** An act that is sent: one at a time, and what went wrong stays in sight until it is tried again. */
import type { ApiError } from "./api";
import { app } from "./app.svelte";
import { asError } from "./opened.svelte";

export class Sending {
  isSending = $state(false);
  error = $state.raw<ApiError | null>(null);

  /** True when it was done; false when it failed, or while another is on its way. */
  async run(act: () => Promise<unknown>): Promise<boolean> {
    if (this.isSending) return false;
    this.isSending = true;
    this.error = null;
    try {
      await act();
      return true;
    } catch (cause) {
      this.failed(cause);
      return false;
    } finally {
      this.isSending = false;
    }
  }

  failed(cause: unknown): void {
    this.error = asError(cause);
    app.heard(cause);
  }
}
