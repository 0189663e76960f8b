/** Creates docs/other-libraries.md from results of the suite. */
import { allCategories, type ConformanceResult } from '@stowage/core/conformance'
import { alsoOfTheAdapter, categoriesOfTheAdapter, type Run, runOf } from './counted.ts'

const services = { filesystem: 'a directory', s3: 'Ceph' } as const

export function librariesPage(results: readonly ConformanceResult[]): string {
  const runs = results.map(runOf)
  const categories = Object.entries(allCategories).filter(([letter]) => !(letter in categoriesOfTheAdapter))
  return `${[
    '# Other storage libraries',
    [
      "The conformance suite tests a provider against Stowage's contract. This page shows what the suite",
      'reports for other storage libraries for Node.js, each through an adapter that is a Stowage provider',
      "(`bench/src/libraries`). It compares them with Stowage's contract, which these libraries do not",
      'promise to meet.',
      '',
      '`pnpm conformance:libraries` creates this page from the results of a run. Do not edit it. The',
      'command can also run the libraries on Ceph, and pkgcloud, which has no provider for directories. The',
      'table shows only what was run.',
    ].join('\n'),
    '## What counts',
    [
      'The contract needs features that most libraries lack: containers, pages of lists, folders,',
      'conditions and ETags. The adapter provides those that a library lacks, and content types if the',
      'library does not store them. Cases about these features are not counted:',
    ].join('\n'),
    Object.entries(categoriesOfTheAdapter)
      .map(([letter, reason]) => `- ${letter}. ${allCategories[letter]?.title}: ${reason}.`)
      .join('\n'),
    [
      'The adapter decides the result of these cases too, most often because it asks for the properties of',
      `a file in a request of its own: ${alsoOfTheAdapter.join(', ')}.`,
    ].join('\n'),
    [
      'Other missing features are declared in the capabilities of the adapter, so the suite skips their',
      'cases: multipart uploads, attributes that the library does not return, and checksums. A library',
      'without ranges passes the cases about ranges if it can read the whole file. A case that has not',
      'ended after 30 seconds, or a minute on Ceph, counts as failed.',
    ].join('\n'),
    '## Results',
    'Cases that passed, of those that are counted. Fewer cases apply to a library that supports less.',
    table(
      ['library', 'version', 'on', 'passed', ...categories.map(([letter, { title }]) => `${letter}. ${title}`)],
      runs.map(({ library, kind, result, counted }) => [
        library.title,
        result.version ?? '',
        services[kind],
        share(counted),
        ...categories.map(([letter]) => share(counted.filter(({ id }) => id.startsWith(`${letter}.`)))),
      ]),
    ),
    "Stowage's providers fail no case; see [Conformance](conformance.md).",
    '## What fails, and why',
    ...runs.flatMap(failures),
  ].join('\n\n')}\n`
}

function failures({ library, kind, counted }: Run): string[] {
  const failed = counted.filter(({ outcome }) => outcome === 'failed')
  if (failed.length === 0) return []
  return [
    `### ${library.title} on ${services[kind]}`,
    table(
      ['case', 'what the suite saw'],
      failed.map(({ id, name, reason = '' }) => [`${id} ${name}`, firstLine(reason)]),
    ),
  ]
}

const share = (cases: Run['counted']) =>
  `${cases.filter(({ outcome }) => outcome === 'passed').length} of ${cases.length}`

/** Without the error's class, and what differs from run to run. */
function firstLine(reason: string): string {
  const [line = ''] = reason.replace(/^\w*Error(?: \[\w+\])?: /, '').split('\n')
  const text = line
    .replaceAll(/stowage-[a-z0-9]+-\d+/g, '…')
    .replaceAll(/127\.0\.0\.1:\d+/g, '…')
    .replaceAll(/(?:\/[\w.-]+)+\/…/g, '…')
    .replace(/succeeded with \{.*/, 'succeeded')
    .replaceAll(/[\0-\x1f\x7f]/g, '�')
  return text.length > 120 ? `${text.slice(0, 119)}…` : text
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n')
}

const cell = (text: string) => text.replaceAll(/[|\\`*_<>[\]]/g, (character) => `\\${character}`)
