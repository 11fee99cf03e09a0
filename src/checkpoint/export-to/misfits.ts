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

  /** As `check`, where these values alone have a counterpart. */
  only(field: string, got: unknown, ...expected: readonly unknown[]): void {
    const words = expected.map((value) => JSON.stringify(value)).join(' or ');
    this.check(expected.includes(got), field, got, words);
  }

  /** The same of several settings, each of which has one value. */
  all(got: object, expected: object): void {
    for (const [field, value] of Object.entries(expected))
      this.only(field, (got as Readonly<Record<string, unknown>>)[field], value);
  }

  /** @throws UserError when anything does not fit */
  finish(): void {
    if (this.#lines.length === 0) return;
    throw new UserError(
      `This flow cannot be written for ${this.library}: ${this.#lines.join('; ')}. ${this.advice}`,
    );
  }
}
