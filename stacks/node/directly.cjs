'use strict';
// jsii starts a Node process that starts a second one and copies every message to it and back.
// Loaded by both, this hands the pipes of the first one on, so that the second one is spoken to directly.
const childProcess = require('node:child_process');
const fs = require('node:fs');
const { PassThrough } = require('node:stream');

const CHANNEL = 3; // where the second one reads and writes messages
const ADDED = [4, 5]; // where it finds the standard input and output of the first one

if (process.argv[1]?.endsWith('jsii-runtime.js')) {
  const { spawn } = childProcess;
  childProcess.spawn = (command, words, options) =>
    spawn(command, words, { ...options, stdio: [...options.stdio, 0, 1] });
  Object.defineProperty(process, 'stdin', { value: new PassThrough() }); // it reads no message away
} else {
  const { readSync, writeSync } = fs;
  fs.readSync = (from, ...rest) => readSync(from === CHANNEL ? ADDED[0] : from, ...rest);
  fs.writeSync = (to, ...rest) => writeSync(to === CHANNEL ? ADDED[1] : to, ...rest);
}
