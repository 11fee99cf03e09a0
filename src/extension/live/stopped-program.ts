/** A Python program that a debugger has stopped: its expressions. */
import { debug, DebugStackFrame, Disposable, EventEmitter, l10n } from 'vscode';
import { UserError } from '../../base/user-error';
import { debounce } from '../debounce';

export type StoppedProgram = ReturnType<typeof stoppedProgram>;

/** @throws UserError where no program is stopped */
export function stoppedProgram() {
  const session = debug.activeDebugSession;
  if (!session || !(debug.activeStackItem instanceof DebugStackFrame))
    throw new UserError(
      l10n.t('No program is stopped. Set a breakpoint, and open the variable when it is reached.'),
    );
  const changed = new EventEmitter<boolean>();
  // A thread is chosen first, and then a frame of it.
  const settled = debounce(() => changed.fire(debug.activeStackItem instanceof DebugStackFrame), 50);
  const follow = Disposable.from(
    changed,
    settled,
    debug.onDidChangeActiveStackItem(settled.call),
    debug.onDidTerminateDebugSession(({ id }) => {
      if (id === session.id) changed.fire(false);
    }),
  );
  return {
    /** Whether it stands still, whenever that changes. */
    onChange: (listener: (stopped: boolean) => void) => void changed.event(listener),
    /** The text that an expression gives, without quotes and backslashes in it. @throws UserError while the program runs */
    async evaluate(expression: string) {
      const at = debug.activeStackItem;
      if (!(at instanceof DebugStackFrame) || at.session.id !== session.id)
        throw new UserError(l10n.t('The program runs. Its flow is asked when it stops again.'));
      // What is copied is never cut.
      const query = { expression, frameId: at.frameId, context: 'clipboard' };
      const { result } = (await session.customRequest('evaluate', query)) as { result: string };
      return result.replace(/^['"]|['"]$/g, '');
    },
    dispose: () => void follow.dispose(),
  };
}
