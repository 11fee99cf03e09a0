// Correctness rules with type information, and the one direction in which folders import each other (docs/architecture.md).
import js from '@eslint/js';
import { defineConfig } from 'eslint/config';
import regexp from 'eslint-plugin-regexp';
import tseslint from 'typescript-eslint';
import { boundaries } from './scripts/eslint-boundaries.mjs';

export default defineConfig(
  { ignores: ['dist/', 'out/', 'runs/', 'artifacts/', 'node_modules/', '.vscode-test/', '.vscode/'] },
  js.configs.recommended,
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      // Numbers in messages are wanted as they are.
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // An index into typed arrays is checked by the loop around it; "!" after it says so.
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: true }],
      // Interfaces of async methods have implementations that have nothing to wait for.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      // Objects here are closures behind an interface; none of their methods reads "this".
      '@typescript-eslint/unbound-method': 'off',
      // Numbers and names are spread into characters, none of which is an emoji.
      '@typescript-eslint/no-misused-spread': 'off',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'Named exports only.' },
        { selector: 'TSEnumDeclaration', message: 'Use a union of string literals.' },
      ],
      // "const { left, ...rest } = all" drops a field.
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
    },
  },
  {
    files: ['src/**/*.ts', 'webview/**/*.ts', 'webview/**/*.tsx'],
    plugins: { boundaries, regexp },
    rules: {
      'boundaries/direction': 'error',
      'boundaries/no-cycle': 'error',
      'boundaries/no-pair': 'error',
      // Cells, names and headers come out of files: a pattern that can divide a text in ever more ways hangs on a long one.
      'regexp/no-super-linear-backtracking': ['error', { report: 'potential' }],
    },
  },
  {
    files: ['test/**/*.ts', 'test/**/*.tsx'],
    rules: {
      // node:test returns a promise that the runner waits for by itself.
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafeCalls: [
            { from: 'package', name: ['test', 'it', 'describe', 'suite'], package: 'node:test' },
          ],
        },
      ],
    },
  },
  {
    files: ['**/*.mjs', '**/*.cjs'],
    languageOptions: {
      globals: Object.fromEntries(
        [
          'console',
          'process',
          'fetch',
          'URL',
          'performance',
          'Buffer',
          'AbortSignal',
          'AbortController',
          'setTimeout',
          'setInterval',
          'clearInterval',
          'clearTimeout',
        ].map((name) => [name, 'readonly']),
      ),
    },
  },
);
