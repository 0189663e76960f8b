/**
 * The page that docs/conformance.md is, made from results of the conformance suite.
 */
import { createHash } from 'node:crypto'
import { allCategories, type CaseResult, type ConformanceResult } from '../packages/core/dist/conformance/index.js'

/** The suites that there are, by the name of their result, in the order of the page. */
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

/** Part of the page: another one as soon as a case is added, taken away or renamed. */
export function casesMark(): string {
  const cases = allCases.map(({ id, name }) => `${id} ${name}`).toSorted()
  return `<!-- cases ${createHash('sha256').update(cases.join('\n')).digest('hex')} -->`
}

export function conformancePage(results: readonly ConformanceResult[]): string {
  for (const { name } of results) if (!(name in suites)) throw new Error(`the page has no place for ${name}`)
  const runs = Object.keys(suites)
    .map((name) => results.find((result) => result.name === name))
    .filter((result) => result !== undefined)
  for (const run of runs) requireEveryCase(run)
  const missing = Object.keys(suites).filter((name) => !runs.some((run) => run.name === name))
  return `${[
    '# Conformance',
    casesMark(),
    [
      `Every provider is held to the same ${allCases.length} cases by \`@stowage/core/conformance\`, against a real server. A provider's declared`,
      'capabilities are the only switch: what they rule out must be refused before any I/O, and where an operation can be refused the refusal is tested.',
      '',
      'This page is written by `pnpm conformance:report` from the results of a run; nobody edits it.',
    ].join('\n'),
    '## Providers and servers',
    table(
      ['provider', 'server', 'passed', 'ruled out', 'failed'],
      runs.map(({ name, server, totals }) => [
        suites[name] as string,
        server ?? 'none is needed',
        totals.passed,
        totals['ruled out'],
        totals.failed,
      ]),
    ),
    ...(missing.length === 0 ? [] : [`Not run: ${missing.join(', ')}.`]),
    '## By category',
    'Passed of all; the others are ruled out or failed.',
    table(
      ['', ...runs.map(heading)],
      Object.entries(allCategories).map(([letter, { title, cases }]) => [
        `${letter}. ${title}`,
        ...runs.map(({ categories }) => `${categories[letter]?.passed} of ${cases.length}`),
      ]),
    ),
    '## What did not pass, and why',
    'Each case that is not passed everywhere. ✓ is passed; a capability rules the case out, and *refused* says that the refusal is tested.',
    casesTable(runs),
  ].join('\n\n')}\n`
}

function requireEveryCase({ name, cases }: ConformanceResult): void {
  const known = new Map(cases.map((result) => [result.id, result.name]))
  if (known.size !== allCases.length || allCases.some((tested) => known.get(tested.id) !== tested.name)) {
    throw new Error(`the last result of ${name} is of other cases than the suite has now: run it again`)
  }
}

/** The provider, and its server in short. */
function heading({ name, server }: ConformanceResult): string {
  return server === undefined ? (suites[name] as string) : `${suites[name]}, ${server.replace(/ with .*/, '')}`
}

function casesTable(runs: readonly ConformanceResult[]): string {
  const rows = allCases
    .map(({ id, name, refused }) => ({
      case: `${id} ${name}`,
      refused: refused !== undefined,
      results: runs.map(({ cases }) => cases.find((result) => result.id === id) as CaseResult),
    }))
    .filter(({ results }) => results.some(({ outcome }) => outcome !== 'passed'))
  return table(
    ['', ...runs.map(heading)],
    rows.map(({ case: title, refused, results }) => [title, ...results.map((result) => cell(result, refused))]),
  )
}

function cell({ outcome, reason = '' }: CaseResult, refused: boolean): string {
  if (outcome === 'passed') return '✓'
  if (outcome === 'failed') return '**failed**'
  const capability = reason.replaceAll('capabilities.', '')
  return refused ? `*refused*: ${capability}` : capability
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]) =>
    `| ${cells.map((text) => String(text).replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n')
}
