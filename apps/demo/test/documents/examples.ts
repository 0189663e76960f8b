/**
 * The examples in Markdown: what readers copy, as programs.
 *
 * A `js` block goes on where the one before it ended, as a reader takes it; one that imports again
 * what is imported already begins a new program. A block with a file's name after its language is
 * that file.
 */
import { readFile } from 'node:fs/promises'

export interface Program {
  /** Where it begins in the document. */
  readonly line: number
  readonly source: string
}

export interface Examples {
  readonly programs: readonly Program[]
  /** Contents by names. */
  readonly files: ReadonlyMap<string, string>
  /** Lines of shell that call curl, each with the variables that were set before it. */
  readonly requests: readonly Program[]
}

export interface Block {
  readonly language: string
  readonly file: string | undefined
  readonly line: number
  readonly source: string
}

export async function readExamples(document: string): Promise<Examples> {
  const programs: Program[] = []
  const files = new Map<string, string>()
  const requests: Program[] = []
  let variables = ''
  for (const block of blocksOf(await readFile(document, 'utf8'))) {
    const { language, file, line, source } = block
    if (file !== undefined) {
      files.set(file, source)
    } else if (language === 'js') {
      const before = programs.at(-1)
      if (before === undefined || repeatsAnImport(before.source, source)) programs.push({ line, source })
      else programs[programs.length - 1] = { line: before.line, source: `${before.source}\n${source}` }
    } else if (language === 'sh') {
      for (const [index, command] of source.split('\n').entries()) {
        if (/^\w+=/.test(command)) variables += `${command}\n`
        else if (/\bcurl /.test(command)) requests.push({ line: line + index, source: variables + command })
      }
    }
  }
  return { programs, files, requests }
}

/** All fenced blocks of a document. */
export function blocksOf(markdown: string): Block[] {
  return [...markdown.matchAll(/^```(\w+)(?: +(\S+))?\n(.*?)^```$/gms)].map((match) => {
    const [, language = '', file, source = ''] = match
    return { language, file, source, line: markdown.slice(0, match.index).split('\n').length + 1 }
  })
}

const repeatsAnImport = (before: string, source: string): boolean => {
  const known = new Set(importedNames(before))
  return importedNames(source).some((name) => known.has(name))
}

const importedNames = (source: string): string[] =>
  [...source.matchAll(/^import (.+?) from /gm)].flatMap(([, clause = '']) => clause.match(/\w+/g) ?? [])
