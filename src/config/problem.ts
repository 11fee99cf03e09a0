import { UserError } from '../base/user-error';

/** Something wrong at a place in a config. */
export interface Problem {
  /** Names joined by dots, for example "model.scales"; empty for the whole. */
  path: string;
  message: string;
}

/** The one problem of a check. */
export const problem = (path: string, message: string): Problem[] => [{ path, message }];

export function problemsError(fileName: string, problems: readonly Problem[]): UserError {
  const lines = problems.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
  return new UserError(`${fileName}: ${lines.join('; ')}.`);
}
