// Files of an unpacked VSIX that nothing in it uses.
import fs from 'node:fs';
import path from 'node:path';
import esbuild from 'esbuild';

/** What programs start, next to what they import. */
const programs = ['extension.js', 'onnx-thread.js', 'cli.js', 'native.js'];
/** Loaded by name. */
const loaded = ['onnxruntime-node'];

/** Read by VS Code, by a person or by the law rather than by code. */
const expected = [
  /^(readme\.md|changelog\.md|license\.txt|third_party_notices\.txt|sbom\.cdx\.json)$/i,
  /^package(\.nls(\.[a-z-]+)?)?\.json$/,
  /^l10n\/bundle\.l10n(\.[a-z-]+)?\.json$/,
  // Where data and models come from.
  /^media\/[^/]+\/README\.md$/,
  /^dist\/node_modules\/(@[^/]+\/)?[^/]+\/(package\.json|LICENSE[^/]*)$/,
  // Imported by Python, which is started with its folder on the path.
  /^python\/flowscope\//,
  // Compiled as a whole where native TensorFlow is built.
  /^dist\/native-sources\//,
];

/** Native code is found by platform, and brings the libraries that it is linked to. */
const binary = /\.(node|dll|dylib|so)(\.\d+)*$/;
const binaryPackage = /^dist\/node_modules\/(onnxruntime-node\/bin\/|@img\/sharp-)/;

/** @param names of the files, relative to the folder, with `/` */
export async function unusedFiles(folder, names) {
  const imported = await importedFiles(folder);
  const mentioned = mentionedIn(folder, [
    'package.json',
    ...[...imported].filter((name) => !name.includes('node_modules')),
  ]);
  return names.filter((name) => {
    if (expected.some((pattern) => pattern.test(name)) || imported.has(name)) return false;
    if (binaryPackage.test(name)) return !binary.test(name) && !/\/(versions\.json|index\.c?js)$/.test(name);
    return !mentioned(name);
  });
}

/** Every module that the programs can reach, as names relative to the folder. */
async function importedFiles(folder) {
  const dist = path.join(folder, 'dist');
  const { metafile } = await esbuild.build({
    stdin: {
      contents: [...programs.map((name) => `./${name}`), ...loaded]
        .map((name) => `require('${name}')`)
        .join('\n'),
      resolveDir: dist,
    },
    absWorkingDir: folder,
    bundle: true,
    write: false,
    metafile: true,
    outdir: 'none',
    platform: 'node',
    external: ['vscode', 'electron', '@img/sharp-*', 'esbuild', 'playwright-core'],
    loader: { '.node': 'empty' },
    logLevel: 'silent',
    plugins: [withoutOwnBuild],
  });
  return new Set(Object.keys(metafile.inputs));
}

/** sharp first looks for a build of its own from source, which a package does not have. */
const withoutOwnBuild = {
  name: 'without-own-build',
  setup(build) {
    build.onLoad({ filter: /sharp[\\/]dist[\\/]sharp\.[cm]js$/ }, ({ path: file }) => ({
      contents: fs.readFileSync(file, 'utf8').replace(/require\(`[^`]*`\)/g, 'undefined'),
    }));
  },
};

/** Whether the manifest or a program has the file's name as text, or a page's name without its extension. */
function mentionedIn(folder, files) {
  const texts = files
    .filter((name) => fs.existsSync(path.join(folder, name)))
    .map((name) => fs.readFileSync(path.join(folder, name), 'utf8'));
  return (name) => {
    const { base, name: stem } = path.posix.parse(name);
    const wanted = name.startsWith('dist/webview/') ? [base, `"${stem}"`] : [base];
    return texts.some((text) => wanted.some((one) => text.includes(one)));
  };
}
