/** Settings of a flow that a library has no counterpart of, gathered so that one message names all of them. */
import { UserError } from '../../base/user-error';

export class Misfits {
  readonly #lines: string[] = [];

  constructor(
    readonly library: string,
    /** What to do instead. */
    readonly advice: string,
  ) {}

  /** @param fits whether the setting has a counterpart */
  check(fits: boolean, field: string, got: unknown, expected: string): void {
    if (!fits) this.#lines.push(`${field}: expected ${expected}, got ${JSON.stringify(got)}`);
  }

  /** As `check`, where one value alone has a counterpart. */
  only(field: string, got: unknown, expected: unknown): void {
    this.check(got === expected, field, got, JSON.stringify(expected));
  }

  /** @throws UserError when anything does not fit */
  finish(): void {
    if (this.#lines.length === 0) return;
    throw new UserError(
      `This flow cannot be written for ${this.library}: ${this.#lines.join('; ')}. ${this.advice}`,
    );
  }
}
