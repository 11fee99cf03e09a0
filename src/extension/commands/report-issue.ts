/** Report Issue: gathers what a maintainer will ask for, shows it, and sends nothing. */
import { execFile } from 'node:child_process';
import { release } from 'node:os';
import path from 'node:path';
import { env, l10n, ProgressLocation, Uri, version, window, workspace } from 'vscode';
import { homeFolder } from '../../base/home';
import { nodeEnvironment } from '../engine/engine-process';
import { engineEnvironment } from '../engine/environment';
import type { Services } from '../services/services';

/** Libraries are loaded in processes of their own, which takes a few seconds on a busy machine. */
const patience = 60_000;

interface Manifest {
  version: string;
  bugs?: { url?: string };
}

/** Opens the report as a document that is not saved, and offers what can be done with it. */
export async function reportIssue(services: Services): Promise<void> {
  const { version: flowscopeVersion, bugs } = services.context.extension.packageJSON as Manifest;
  const doctor = await window.withProgress(
    { location: ProgressLocation.Notification, title: l10n.t('Examining this machine') },
    () => runDoctor(services),
  );
  const report = reportText(flowscopeVersion, withoutHome(doctor));
  await window.showTextDocument(await workspace.openTextDocument({ language: 'markdown', content: report }));
  // Not awaited: the message stays until the user closes it.
  void offer(report, bugs?.url);
}

async function offer(report: string, address: string | undefined): Promise<void> {
  const copy = l10n.t('Copy Report');
  const open = l10n.t('Copy and Open Issue Page');
  const choice = await window.showInformationMessage(
    l10n.t('Say in the report what happened. It is not sent anywhere: copy it into an issue yourself.'),
    ...(address ? [open] : []),
    copy,
  );
  if (!choice) return;
  // The document rather than what was gathered: the user has written into it.
  const document = workspace.textDocuments.find((one) => one.isUntitled && one.getText().startsWith(heading));
  await env.clipboard.writeText(document?.getText() ?? report);
  if (choice === open && address) await env.openExternal(Uri.parse(`${address}/new/choose`));
}

const heading = '## What happened, and what did you expect?';

/** In English, whatever the language of VS Code: issues are. */
function reportText(flowscopeVersion: string, doctor: string): string {
  const { backend } = workspace.getConfiguration('flowscope');
  const facts = [
    `Flowscope ${flowscopeVersion}`,
    `VS Code ${version}, ${env.appName}, ${env.remoteName ? `remote (${env.remoteName})` : 'local'}, ${env.language}`,
    `${process.platform} ${process.arch} ${release()}, Node ${process.versions.node}`,
    `workspace: ${workspace.isTrusted ? 'trusted' : 'restricted'}; flowscope.backend: ${String(backend)}`,
  ];
  return [
    heading,
    '',
    '',
    '## How to make it happen',
    '',
    '1. ',
    '',
    '## Where',
    '',
    ...facts.map((fact) => `- ${fact}`),
    '',
    'Output of `flowscope doctor --json`:',
    '',
    '```json',
    doctor,
    '```',
    '',
  ].join('\n');
}

/** Folders are named below the home folder, which has the user's name. */
function withoutHome(text: string): string {
  const home = homeFolder();
  if (home === undefined) return text;
  const written = JSON.stringify(home).slice(1, -1);
  return text.replaceAll(written, '~').replaceAll(home, '~');
}

/** What the command line prints; where it cannot run, why. Something missing is an exit code of 1, and a report all the same. */
function runDoctor({ context }: Services): Promise<string> {
  const program = path.join(context.extensionPath, 'dist', 'cli.js');
  return new Promise((resolve) => {
    const options = {
      env: nodeEnvironment(engineEnvironment(context)),
      timeout: patience,
      windowsHide: true,
    };
    execFile(process.execPath, [program, 'doctor', '--json'], options, (error, stdout, stderr) => {
      if (stdout.trim()) resolve(stdout.trim());
      else
        resolve(JSON.stringify({ ok: false, failed: error?.message ?? 'no output', stderr }, undefined, 2));
    });
  });
}
