/**
 * Creates docs/conformance.md from results of the conformance suite.
 */
import {
  allCategories,
  type CaseResult,
  type ConformanceResult,
  caseListHash,
} from '../packages/core/dist/conformance/index.js'

/** All suites: the name of the result and the provider, in the order of the page. */
const suites: Readonly<Record<string, string>> = {
  memory: 'memory',
  filesystem: 'filesystem',
  'amazon-ceph': 'amazon',
  'amazon-swift': 'amazon',
  azure: 'azure',
  openstack: 'openstack',
  rackspace: 'rackspace',
}

const allCases = Object.values(allCategories).flatMap(({ cases }) => cases)

/** A comment on the page that changes when a case is added, removed or renamed. */
export function casesMark(): string {
  return `<!-- cases ${caseListHash()} -->`
}

export function conformancePage(results: readonly ConformanceResult[]): string {
  for (const { name } of results) if (!(name in suites)) throw new Error(`unknown conformance result "${name}"`)
  const runs = Object.keys(suites)
    .map((name) => results.find((result) => result.name === name))
    .filter((result) => result !== undefined)
  for (const run of runs) requireEveryCase(run)
  const missing = Object.keys(suites).filter((name) => !runs.some((run) => run.name === name))
  return `${[
    '# Conformance',
    casesMark(),
    [
      'The suite `@stowage/core/conformance` tests every provider with the same',
      `${allCases.length} cases, against a real server. A case is ruled out only by the capabilities that a`,
      'provider declares, or by a missing',
      '[hook](../packages/core/docs/writing-a-provider.md#2-the-suite-first) of its tests. A call that the',
      'capabilities rule out must fail before any I/O; where possible, the suite tests this rejection.',
      '',
      '`pnpm conformance:report` creates this page from the results of a run. Do not edit it.',
    ].join('\n'),
    '## Providers and servers',
    table(
      ['provider', 'server', 'passed', 'rejected', 'skipped', 'failed'],
      runs.map(({ name, server, totals }) => [
        suites[name] as string,
        server ?? 'none required',
        totals.passed,
        totals.rejected,
        totals.skipped,
        totals.failed,
      ]),
    ),
    ...(missing.length === 0 ? [] : [`Not run: ${missing.join(', ')}.`]),
    '## By category',
    'Cases that passed, of all cases. The others were rejected, skipped or failed.',
    table(
      ['', ...runs.map(heading)],
      Object.entries(allCategories).map(([letter, { title, cases }]) => [
        `${letter}. ${title}`,
        ...runs.map(({ categories }) => `${categories[letter]?.passed} of ${cases.length}`),
      ]),
    ),
    '## Third-party providers',
    [
      'No third-party provider is listed yet. To list yours, open an issue with the JSON result of a run',
      'against a real server, and the link to its package. The result names the versions of the suite and',
      'of the provider, the server, the date, and every case.',
      '[Writing a provider](../packages/core/docs/writing-a-provider.md) explains how to run the suite.',
      '[Other storage libraries](other-libraries.md) shows what the suite reports for them.',
      'Resumable uploads over HTTP have a separate suite, with results of several servers:',
      '[Servers of resumable uploads](upload-servers.md).',
    ].join('\n'),
    '## Cases that did not pass',
    [
      'All cases that do not pass for every provider. ✓ means passed. Otherwise the cell names the',
      'capability or the hook that rules out the case. *Rejected* means that the suite tests the',
      'rejection. The other cases were skipped.',
    ].join('\n'),
    casesTable(runs),
  ].join('\n\n')}\n`
}

function requireEveryCase({ name, cases }: ConformanceResult): void {
  const known = new Map(cases.map((result) => [result.id, result.name]))
  if (known.size !== allCases.length || allCases.some((tested) => known.get(tested.id) !== tested.name)) {
    throw new Error(`the last result of "${name}" has other cases than the suite: run pnpm conformance:report`)
  }
}

/** The provider and a short name of its server. */
function heading({ name, server }: ConformanceResult): string {
  return server === undefined ? (suites[name] as string) : `${suites[name]}, ${server.replace(/ with .*/, '')}`
}

function casesTable(runs: readonly ConformanceResult[]): string {
  const rows = allCases
    .map(({ id, name }) => ({
      case: `${id} ${name}`,
      results: runs.map(({ cases }) => cases.find((result) => result.id === id) as CaseResult),
    }))
    .filter(({ results }) => results.some(({ outcome }) => outcome !== 'passed'))
  return table(
    ['', ...runs.map(heading)],
    rows.map(({ case: title, results }) => [title, ...results.map(cell)]),
  )
}

function cell({ outcome, reason = '' }: CaseResult): string {
  if (outcome === 'passed') return '✓'
  if (outcome === 'failed') return '**failed**'
  const capability = reason.replaceAll('capabilities.', '')
  return outcome === 'rejected' ? `*rejected*: ${capability}` : capability
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]) =>
    `| ${cells.map((text) => String(text).replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n')
}
