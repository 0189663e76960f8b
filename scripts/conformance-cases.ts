/**
 * The lists of cases in packages/core/docs/conformance-cases.md. The notes before them are written
 * by hand.
 */
import { allCategories } from '../packages/core/dist/conformance/index.js'

const head = '| case | title |\n|---|---|\n'

/**
 * Returns the document with the present cases of each category at the end of the category's
 * section.
 *
 * @throws If a category has no section.
 */
export function withCases(document: string): string {
  const [introduction = '', ...sections] = document.split(/^(?=## )/m)
  const written = Object.entries(allCategories).map(([letter, { title, cases }]) => {
    const heading = `## ${letter}. ${title}\n`
    const section = sections.find((text) => text.startsWith(heading))
    if (section === undefined) throw new Error(`conformance-cases.md has no section "${heading.trim()}"`)
    const [notes = ''] = section.split(head)
    const rows = cases.toSorted((a, b) => numberOf(a.id) - numberOf(b.id)).map(({ id, name }) => row(id, name))
    return `${notes.trimEnd()}\n\n${head}${rows.join('\n')}\n`
  })
  return [introduction, written.join('\n')].join('')
}

const numberOf = (id: string) => Number(id.slice(id.indexOf('.') + 1))

const row = (id: string, name: string) =>
  `| ${id} | ${name.replaceAll(/[|\\`*_<>[\]]/g, (character) => `\\${character}`)} |`
