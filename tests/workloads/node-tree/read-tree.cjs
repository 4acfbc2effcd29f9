// Reads every file below a directory with readdirSync and readFileSync, and
// times each file. Runs unchanged under node.exe and under Linux node.
//
//   node read-tree.cjs [--dirs] DIR OUT.json [GATE]
//
// With --dirs it only lists the directories, and times each of them.
// Hashing (for the proof that everybody read the same) is taken out of every
// time. With GATE the script tells its runner when it is ready and done, and
// waits for the answer, through empty files GATE.1 to GATE.4.
//
// SPDX-License-Identifier: LGPL-2.1-or-later
'use strict';
const fs = require('node:fs');
const path = require('node:path');
const crypto = require('node:crypto');

const args = process.argv.slice(2);
const dirsOnly = args[0] === '--dirs' && Boolean(args.shift());
const [dir, out, gate] = args;
if (!dir || !out) {
  console.error('usage: node read-tree.cjs [--dirs] DIR OUT.json [GATE]');
  process.exit(2);
}

const sleeper = new Int32Array(new SharedArrayBuffer(4));

function pass(say, want) {
  if (!gate) return;
  fs.writeFileSync(`${gate}.${say}`, '');
  while (!fs.existsSync(`${gate}.${want}`)) Atomics.wait(sleeper, 0, 0, 20);
}

const hash = crypto.createHash('sha256');
const times = [];
let hashing = 0n;
let bytes = 0;
let dirs = 0;
let files = 0;

function walk(at, name) {
  dirs++;
  const listing = process.hrtime.bigint();
  const entries = fs.readdirSync(at, { withFileTypes: true });
  if (dirsOnly) times.push(Number(process.hrtime.bigint() - listing) / 1000);
  entries.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  for (const entry of entries) {
    const below = `${name}/${entry.name}`;
    if (entry.isDirectory()) {
      walk(path.join(at, entry.name), below);
      continue;
    }
    files++;
    if (dirsOnly) {
      const start = process.hrtime.bigint();
      hash.update(`${below}\0`);
      hashing += process.hrtime.bigint() - start;
      continue;
    }
    const start = process.hrtime.bigint();
    const data = fs.readFileSync(path.join(at, entry.name));
    const end = process.hrtime.bigint();
    times.push(Number(end - start) / 1000);
    hash.update(`${below}\0${data.length}\0`);
    hash.update(data);
    bytes += data.length;
    hashing += process.hrtime.bigint() - end;
  }
}

pass(1, 2);
const start = process.hrtime.bigint();
walk(dir, '');
const wall = Number(process.hrtime.bigint() - start - hashing) / 1e6;
pass(3, 4);

times.sort((a, b) => a - b);
const rank = (permille) => times[Math.max(1, Math.ceil((times.length * permille) / 1000)) - 1] ?? 0;
fs.writeFileSync(out, JSON.stringify({
  schema: 1,
  program: 'read-tree',
  node: process.version,
  files,
  dirs,
  bytes,
  checksum: hash.digest('hex'),
  wall_ms: wall,
  p50_us: rank(500),
  p99_us: rank(990),
  p999_us: rank(999),
  max_us: rank(1000),
}) + '\n');
