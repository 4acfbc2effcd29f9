// Lints part of the package tree with its own eslint and writes what it found.
//
//   node lint.cjs NODE_MODULES OUT
//
// SPDX-License-Identifier: LGPL-2.1-or-later
'use strict';
const fs = require('node:fs');
const path = require('node:path');

const [modules, out] = process.argv.slice(2);
if (!modules || !out) {
  console.error('usage: node lint.cjs NODE_MODULES OUT');
  process.exit(2);
}
const { ESLint } = require(path.join(modules, 'eslint'));

async function main() {
  const cwd = path.join(modules, 'webpack');
  const eslint = new ESLint({
    cwd,
    overrideConfigFile: true,
    overrideConfig: [{
      files: ['**/*.js'],
      languageOptions: { sourceType: 'commonjs', ecmaVersion: 2023 },
      rules: { 'no-unused-vars': 'error', 'no-shadow': 'error', 'prefer-const': 'error', eqeqeq: 'error', 'no-empty': 'error' },
    }],
  });
  const lines = [];
  const results = await eslint.lintFiles(['lib/util/**/*.js', 'lib/optimize/**/*.js']);
  for (const file of results) {
    const name = path.relative(cwd, file.filePath).split(path.sep).join('/');
    lines.push(`${name} ${file.messages.length}`);
    for (const m of file.messages) lines.push(`${name}:${m.line}:${m.column} ${m.ruleId} ${m.message}`);
  }
  fs.writeFileSync(out, lines.sort().join('\n') + '\n');
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
