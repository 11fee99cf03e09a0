/**
 * An error whose message is meant for the user: what was given, what was expected, what to do. The command line prints
 * it as one line and exits with 1; the extension shows it. Anything else that is thrown is a fault of ours.
 */
export class UserError extends Error {
  override readonly name = 'UserError';
}
