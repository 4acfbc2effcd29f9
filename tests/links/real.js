// SPDX-License-Identifier: LGPL-2.1-or-later
//
// node.exe's fs on links, in the directory that is the argument. What it prints
// is compared with real.expected, which says what node says on Windows.
'use strict';
const fs = require('fs'), path = require('path');
const top = process.argv[2];
const at = (...names) => path.join(top, ...names);
const short = text => text.split(top).join('TOP');
const say = (what, value) => console.log(`${what}: ${typeof value === 'string' ? short(value) : value}`);
const code = f => { try { return f(); } catch (e) { return e.code; } };

fs.rmSync(top, { recursive: true, force: true });
fs.mkdirSync(at('dir'), { recursive: true });
fs.mkdirSync(at('outside'));
fs.writeFileSync(at('dir', 'inner'), 'inner');
fs.writeFileSync(at('file'), 'file');
fs.writeFileSync(at('outside', 'kept'), 'kept');

for (const [name, target, type] of [
    ['junction', at('dir'), 'junction'], ['dirlink', 'dir', 'dir'], ['filelink', 'file', 'file'],
    ['absolute', at('dir'), 'dir'], ['guessed', 'dir', undefined], ['dangling', 'nothing', 'file'],
    ['dangling-junction', at('nothing'), 'junction']]) {
    fs.symlinkSync(target, at(name), type);
    const l = fs.lstatSync(at(name));
    say(name, `${fs.readlinkSync(at(name))} link=${l.isSymbolicLink()} dir=${l.isDirectory()} file=${l.isFile()}`);
}
for (const name of ['junction', 'dirlink', 'absolute', 'guessed']) {
    say(`stat ${name}`, fs.statSync(at(name)).isDirectory());
    say(`realpath ${name}`, fs.realpathSync(at(name, 'inner')));
    say(`realpath.native ${name}`, fs.realpathSync.native(at(name, 'inner')));
    say(`read ${name}`, fs.readFileSync(at(name, 'inner'), 'utf8'));
}
say('stat filelink', fs.statSync(at('filelink')).size);
say('stat dangling', code(() => fs.statSync(at('dangling')).size));
say('exists dangling-junction', fs.existsSync(at('dangling-junction')));
say('again', code(() => fs.symlinkSync('x', at('filelink'))));
say('readlink of a file', code(() => fs.readlinkSync(at('file'))));
say('entries', fs.readdirSync(top, { withFileTypes: true })
    .map(e => e.name + (e.isSymbolicLink() ? '@' : e.isDirectory() ? '/' : '')).sort().join(' '));

fs.renameSync(at('junction'), at('moved'));
say('renamed', fs.readlinkSync(at('moved')));
fs.unlinkSync(at('moved'));
fs.unlinkSync(at('filelink'));
fs.unlinkSync(at('dirlink'));
say('unlinked', `${fs.existsSync(at('dir', 'inner'))} ${fs.existsSync(at('file'))}`);
fs.linkSync(at('file'), at('second'));
say('link', fs.statSync(at('second')).nlink);
fs.cpSync(at('dir'), at('copy'), { recursive: true });
say('copied', fs.readdirSync(at('copy')).join(' '));

// an npm workspace: node_modules/NAME are junctions to packages/NAME
for (const name of ['a', 'b']) {
    fs.mkdirSync(at('ws', 'packages', name), { recursive: true });
    fs.writeFileSync(at('ws', 'packages', name, 'index.js'), `exports.name = '${name}'; exports.where = __dirname;`);
    fs.mkdirSync(at('ws', 'node_modules', '@scope'), { recursive: true });
    fs.symlinkSync(at('ws', 'packages', name), at('ws', 'node_modules', '@scope', name), 'junction');
}
fs.writeFileSync(at('ws', 'packages', 'a', 'main.js'), `module.exports = require('@scope/b');`);
say('workspace', require(at('ws', 'node_modules', '@scope', 'a', 'main.js')).where);

// nothing that a tree's links lead to is removed with it
fs.mkdirSync(at('tree', 'deep'), { recursive: true });
fs.symlinkSync(at('outside'), at('tree', 'junction'), 'junction');
fs.symlinkSync(at('outside'), at('tree', 'deep', 'dirlink'), 'dir');
fs.symlinkSync(at('outside', 'kept'), at('tree', 'deep', 'filelink'), 'file');
fs.rmSync(at('tree'), { recursive: true });
say('tree', `${fs.existsSync(at('tree'))} ${fs.readFileSync(at('outside', 'kept'), 'utf8')}`);

process.chdir(path.dirname(top));
for (const name of fs.readdirSync(top)) if (name !== 'outside') fs.rmSync(at(name), { recursive: true });
say('left', fs.readdirSync(top).join(' '));
