/**
 * The architecture: imports between packages go in one direction only. The check reads the built
 * files, which are published.
 */
const packages = (names) => `^packages/(${names})/`

export default {
  forbidden: [
    {
      name: 'no-circular',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'core-imports-nothing-of-ours',
      severity: 'error',
      from: { path: packages('core') },
      to: { path: '^(packages|apps)/', pathNot: packages('core') },
    },
    {
      name: 'rest-express-knows-core-alone',
      severity: 'error',
      from: { path: packages('rest-express') },
      to: { path: '^(packages|apps)/', pathNot: packages('rest-express|core') },
    },
    {
      name: 'the-cli-knows-core-alone',
      comment: 'Providers are loaded by their names, from the project that the program runs in.',
      severity: 'error',
      from: { path: packages('cli') },
      to: { path: '^(packages|apps)/', pathNot: packages('cli|core') },
    },
    {
      name: 'upload-conformance-knows-nothing-of-ours',
      comment: 'It tests servers of others as it tests ours.',
      severity: 'error',
      from: { path: packages('upload-conformance') },
      to: { path: '^(packages|apps)/', pathNot: packages('upload-conformance') },
    },
    {
      name: 'loopback-connector-knows-core-and-rest-express',
      comment: 'Providers are reached through data source settings alone.',
      severity: 'error',
      from: { path: packages('loopback-connector') },
      to: { path: '^(packages|apps)/', pathNot: packages('loopback-connector|rest-express|core') },
    },
    {
      name: 'a-provider-knows-core-alone',
      comment:
        'Those of cloud services share packages/http-transport, the two Swift providers packages/swift; no provider knows another one.',
      severity: 'error',
      from: { path: '^packages/provider-([^/]+)/' },
      to: { path: '^(packages|apps)/', pathNot: '^packages/(core|http-transport|swift|provider-$1)/' },
    },
    {
      name: 'nothing-imports-an-app',
      severity: 'error',
      from: { path: '^packages/' },
      to: { path: '^apps/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    includeOnly: '^(packages|apps)/[^/]+/dist/',
    exclude: { path: '/web/' },
    tsPreCompilationDeps: false,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
}
