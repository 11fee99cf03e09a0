/** Bytes that pictures take while they are decoded and made smaller, however many are worked on at the same time. */
export class Room {
  private taken = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly limit: number) {}

  /** Resolves, in the order of the calls, once there is room, or no one else has any. @returns a function that gives it back */
  async take(bytes: number): Promise<() => void> {
    while (this.taken > 0 && this.taken + bytes > this.limit) {
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
    this.taken += bytes;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.taken -= bytes;
      for (const wake of this.waiting.splice(0)) wake();
    };
  }
}
