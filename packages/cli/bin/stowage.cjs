#!/usr/bin/env node
// The program that package managers link. CommonJS and old syntax, so that a Node that is too old
// for the rest can still print which one is needed.
var needed = require('../package.json').engines.node.match(/\d+/g).map(Number)
var version = process.versions.node.split('.').map(Number)
if (version[0] < needed[0] || (version[0] === needed[0] && version[1] < needed[1])) {
  console.error('stowage: Node ' + needed.join('.') + ' or newer is needed; this is ' + process.version)
  process.exit(1)
}
import('../dist/main.js')
