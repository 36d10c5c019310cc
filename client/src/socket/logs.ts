import type { AnyEvent } from "@/protocol/frames.gen";

export interface Place {
  epoch: string;
  offset: number;
}

/** One ordered log, as far as this client has come in it. */
export class Log {
  /** Null: nothing is held, and the log has to be opened from a snapshot. */
  place: Place | null = null;
  /**
   * Between asking for a log and the reply, what comes of it belongs to an earlier following: the reply replaces it, and
   * what counts is sent again after it.
   */
  following = false;

  /** What a command names to go on from here. */
  get resume(): Partial<Place> {
    return this.place ? { ...this.place } : {};
  }

  /** When recovered the place stays: exactly what was missed after it follows. */
  opened(reply: Place & { recovered: boolean }): void {
    if (!reply.recovered) this.place = { epoch: reply.epoch, offset: reply.offset };
    this.following = true;
  }

  left(): void {
    this.following = false;
  }

  forget(): void {
    this.place = null;
    this.following = false;
  }

  /** Whether an event is to be applied, once only; a render is state, not change, and always is. */
  takes(event: Exclude<AnyEvent, { type: "reset" }>): boolean {
    if (!this.following || !this.place) return false;
    const offset = event.offset ?? 0;
    const fresh = offset > this.place.offset;
    if (fresh) this.place.offset = offset;
    return fresh || event.type === "turn.render";
  }
}
