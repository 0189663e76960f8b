/** A run as text for a terminal. */
import { type CaseResult, type SuiteResult, totalsOf } from './result.js'

const marks = { passed: '✓', failed: '✗', refused: '–' } as const
const levels = ['must', 'should', 'practice'] as const
const titles = { tus: 'tus', ietf: 'IETF' } as const

/** One case: a line; the reason below it, if it did not pass. */
export function caseText({ id, title, level, section, outcome, reason }: CaseResult): string {
  const line = `${marks[outcome]} ${id}  ${title}`
  if (outcome === 'passed') return line
  if (outcome === 'refused') return `${line}\n    not offered: ${reason}`
  return `${line}\n    ${level}, section “${section}”\n    ${reason}`
}

/** The counts of both protocols, by level. */
export function summaryText({ cases, offer }: SuiteResult): string {
  const lines = (['tus', 'ietf'] as const).map((protocol) => {
    const { refused } = totalsOf(cases, protocol)
    const counts = levels.map((level) => {
      const { passed, failed } = totalsOf(cases, protocol, level)
      return `${level} ${passed} of ${passed + failed}`
    })
    if (offer[protocol] === undefined) return `${titles[protocol]}: not offered`
    return `${titles[protocol]}: ${counts.join(', ')}; not offered: ${refused}`
  })
  return lines.join('\n')
}
