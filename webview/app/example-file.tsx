/** Files that become the example: browsed for, dropped on the page, or pasted. */
import { useEffect, useRef } from 'preact/hooks';
import type { ModelSummary } from '../../src/protocol/model';
import { Button, LinkButton } from '../base/controls/toolkit';
import { useStore, useFeature } from '../base/store/use-store';
import { words } from '../base/words';
import { text } from './text';
import { exampleFileState } from './example-file-state';

const numberFiles = '.csv,.tsv,.txt,.npy';

/** Opens the system's file dialog. A saved page has no engine to read a file. */
export function OpenFile({ model }: { model: ModelSummary }) {
  const { fixed } = useStore();
  const exampleFile = useFeature(exampleFileState);
  const input = useRef<HTMLInputElement>(null);
  if (fixed.value) return null;
  const image = model.kind === 'image';
  return (
    <>
      <input
        ref={input}
        type="file"
        hidden
        data-name="example-file"
        accept={image ? 'image/*,.npy' : numberFiles}
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          // So that the same file can be chosen again after it was changed.
          event.currentTarget.value = '';
          if (file) void exampleFile.read(file);
        }}
      />
      <Button
        icon
        label={`${text.openFile} ${image ? text.openFileHint : text.openNumbersHint}`}
        onClick={() => input.current?.click()}
      >
        <svg class="open-icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
          <path d="M8 10.5V2.5M5 5.5l3-3 3 3M2.5 9.5v4h11v-4" />
        </svg>
      </Button>
    </>
  );
}

const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') ?? false;

/** Listens on the whole page and says what will happen to a file that is dragged over it. */
export function DropTarget() {
  const { fixed, connection } = useStore();
  const exampleFile = useFeature(exampleFileState);
  useEffect(() => {
    const over = (event: DragEvent): void => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      if (event.dataTransfer) event.dataTransfer.dropEffect = fixed.peek() ? 'none' : 'copy';
      exampleFile.dragging.value = true;
    };
    const leave = (event: DragEvent): void => {
      if (event.relatedTarget === null) exampleFile.dragging.value = false;
    };
    const drop = (event: DragEvent): void => {
      exampleFile.dragging.value = false;
      if (!hasFiles(event)) return;
      event.preventDefault();
      const file = event.dataTransfer?.files[0];
      if (file && !fixed.peek()) void exampleFile.read(file);
    };
    const paste = (event: ClipboardEvent): void => {
      const file = event.clipboardData?.files[0];
      if (!file || fixed.peek()) return;
      event.preventDefault();
      void exampleFile.read(file);
    };
    const listening = new AbortController();
    document.addEventListener('dragover', over, listening);
    document.addEventListener('dragleave', leave, listening);
    document.addEventListener('drop', drop, listening);
    document.addEventListener('paste', paste, listening);
    return () => listening.abort();
  }, [fixed, exampleFile]);
  return (
    <>
      {exampleFile.dragging.value ? (
        <div class="drop-target" aria-hidden="true">
          <p>{connection.choices ? words.notRecorded : fixed.value ? text.recordingHint : text.dropHere}</p>
          {fixed.value ? null : <p class="muted">{text.dropHint}</p>}
        </div>
      ) : null}
      <ReadingNote />
    </>
  );
}

/** How the last file was read, above the page so that nothing moves. */
function ReadingNote() {
  const exampleFile = useFeature(exampleFileState);
  const status = exampleFile.status.value;
  if (status.kind === 'idle') return null;
  if (status.kind === 'reading')
    return (
      <div class="file-note" role="status">
        <span class="progress pulse" />
        <span>{text.reading(status.name)}</span>
        <LinkButton onClick={() => exampleFile.cancel()}>{words.cancel}</LinkButton>
      </div>
    );
  const failed = status.kind === 'failed';
  return (
    <div class="file-note" role={failed ? 'alert' : 'status'} data-note={status.kind}>
      <span>
        {failed ? <b class="bad">{`${text.fileNotRead(status.name)}. `}</b> : null}
        {status.message}
      </span>
      <LinkButton onClick={() => exampleFile.dismiss()}>{text.dismiss}</LinkButton>
    </div>
  );
}
