/** Creates docs/upload-servers.md from results of the suite. */
import type { CaseResult, Level, SuiteResult } from '@stowage/upload-conformance'
import { servers, type UploadServer } from './servers.ts'

/** A result, with how often the server's process ended by itself during the run. */
export type Measured = SuiteResult & { readonly crashes: number }

type Run = UploadServer & { readonly result: Measured }

export function serversPage(results: ReadonlyMap<string, Measured>): string {
  const runs = servers.flatMap((server) => {
    const result = results.get(server.name)
    return result === undefined ? [] : [{ ...server, result }]
  })
  const [first] = runs
  if (first === undefined) throw new Error('there is no result of the suite')
  const { suite, specifications, cases } = first.result
  const count = (protocol: string) => cases.filter(({ id }) => id.startsWith(`${protocol}/`)).length
  return `${[
    '# Servers of resumable uploads',
    [
      '[@stowage/upload-conformance](../packages/upload-conformance) tests a server at a URL, with',
      `${count('tus')} cases for [tus ${specifications.tus}](https://tus.io/protocols/resumable-upload) and`,
      `${count('ietf')} for the IETF's [Resumable Uploads for HTTP][ietf] (${specifications.ietf.split(', ')[1]}).`,
      'This page shows what it reports for Stowage, and for other servers that run from npm packages.',
      '',
      '`pnpm conformance:uploads` creates this page from the results of a run. Do not edit it.',
      '',
      '[ietf]: https://datatracker.ietf.org/doc/draft-ietf-httpbis-resumable-upload/',
    ].join('\n'),
    '## What counts',
    [
      '- **must** and **should**: what the specification demands and recommends.',
      '- **practice**: what it does not say, but clients or the safety of their data need.',
      '- **not offered**: the server does not announce the extension or the limit that the case needs.',
      '  These cases are not counted.',
      '',
      'Every server has a maximum size of 100 MB and a lifetime of uploads of one day, if it has such',
      `options, and is otherwise as its package configures it. All run on Node ${process.versions.node}.`,
    ].join('\n'),
    '## Results',
    `Suite ${suite.version}, ${first.result.date.slice(0, 10)}. Cases that passed, of those that count.`,
    table(
      ['server', 'version', 'on', 'must', 'should', 'practice', 'not offered'],
      runs.map((run) => protocolRow(run, 'tus')),
      'tus',
    ),
    table(
      ['server', 'version', 'on', 'must', 'should', 'practice', 'not offered'],
      runs.filter(({ result }) => result.offer.ietf !== undefined).map((run) => protocolRow(run, 'ietf')),
      "The IETF's protocol",
    ),
    notOffered(runs),
    '## Extensions of tus',
    extensions(runs),
    '## What fails, and why',
    ...runs.flatMap(failures),
  ].join('\n\n')}\n`
}

function protocolRow({ title, version, on, result }: Run, protocol: 'tus' | 'ietf'): string[] {
  const cases = result.cases.filter(({ id }) => id.startsWith(`${protocol}/`))
  const levels = (['must', 'should', 'practice'] as const).map((level) => share(cases, level))
  const refused = cases.filter(({ outcome }) => outcome === 'refused').length
  return [title, version ?? '', on, ...levels, String(refused)]
}

function share(cases: readonly CaseResult[], level: Level): string {
  const counted = cases.filter((each) => each.level === level && each.outcome !== 'refused')
  return `${counted.filter(({ outcome }) => outcome === 'passed').length} of ${counted.length}`
}

function notOffered(runs: readonly Run[]): string {
  const names = [...new Set(runs.filter(({ result }) => result.offer.ietf === undefined).map(({ title }) => title))]
  return names.length === 0
    ? ''
    : `The IETF's protocol is not offered by:\n\n${names.map((name) => `- ${name}`).join('\n')}`
}

function extensions(runs: readonly Run[]): string {
  const all = [...new Set(runs.flatMap(({ result }) => result.offer.tus?.extensions ?? []))]
  return table(
    ['extension', ...runs.map(({ title, on }) => `${title}, ${on}`)],
    all.map((name) => [name, ...runs.map(({ result }) => (result.offer.tus?.extensions.includes(name) ? '✓' : ''))]),
  )
}

function failures({ title, on, result }: Run): string[] {
  const failed = result.cases.filter(({ outcome }) => outcome === 'failed')
  if (failed.length === 0) return [`### ${title} on ${on}`, 'No case failed.']
  const crashes =
    result.crashes === 0
      ? []
      : [`Ends of the process during the run, after which it was started again: ${result.crashes}.`]
  return [
    `### ${title} on ${on}`,
    ...crashes,
    table(
      ['case', 'level', 'what it expects', 'what the suite saw'],
      failed.map(({ id, level, title: expected, reason = '' }) => [id, level, expected, firstLine(reason)]),
    ),
  ]
}

/** Without line breaks, and without what differs from run to run. */
function firstLine(reason: string): string {
  const [line = ''] = reason.split('\n')
  return line.replaceAll(/\d{10,}/g, '…').replaceAll(/[0-9a-f]{16,}/g, '…')
}

function table(head: readonly string[], rows: readonly (readonly string[])[], title?: string): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  const lines = [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n')
  return title === undefined ? lines : `### ${title}\n\n${lines}`
}
