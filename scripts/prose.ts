/**
 * The rules for prose that a script can check. In Markdown, lines end at 100 columns, and some
 * words have a plain replacement. Code, tables and links that cannot be broken may be longer. In
 * source files, lines with only a comment end at 100 columns.
 */

export interface ProseProblem {
  /** From 1. */
  readonly line: number
  readonly message: string
}

const maxColumns = 100

const words: readonly (readonly [pattern: RegExp, instead: string])[] = [
  [/\banswer(?:s|ed|ing)?\b/gi, '"response", "respond" or "return"'],
  [/\bwhoever\b/gi, '"anyone who" or the role'],
  [/\bnobody\b/gi, '"no client", "no process" or the role'],
  [/\bsomebody\b/gi, '"another client", "another process" or the role'],
  [/\bheld\s+against\b/gi, '"compared with"'],
  [/\b(?:is|are)\s+looked\s+at\b/gi, '"checked"'],
  [/\bpart\s+uploads?\b/gi, '"multipart upload"'],
]

/** The problems of a document, in the order of their lines. */
export function proseProblems(markdown: string): readonly ProseProblem[] {
  const text = withoutBlocks(markdown)
  return [...longLines(text), ...plainWords(text)].toSorted((a, b) => a.line - b.line)
}

/** The comments of a source file that are too wide. Addresses may be longer. */
export function commentProblems(source: string): readonly ProseProblem[] {
  return source.split('\n').flatMap((line, index) => {
    const columns = [...line].length
    if (columns <= maxColumns || !/^\s*(?:\/\/|\/\*|\*)/.test(line) || /https?:\/\//.test(line)) return []
    return [{ line: index + 1, message: `${columns} columns, at most ${maxColumns}` }]
  })
}

function longLines(text: string): ProseProblem[] {
  return text.split('\n').flatMap((line, index) => {
    const columns = [...line].length
    if (columns <= maxColumns || /^\s*\|/.test(line) || !canBeBroken(line)) return []
    return [{ line: index + 1, message: `${columns} columns, at most ${maxColumns}` }]
  })
}

function plainWords(text: string): ProseProblem[] {
  const prose = withoutTargets(withoutCode(text))
  return words.flatMap(([pattern, instead]) =>
    Array.from(prose.matchAll(pattern), ({ 0: word, index }) => ({
      line: prose.slice(0, index).split('\n').length,
      message: `"${word.replace(/\s+/, ' ')}": write ${instead}`,
    })),
  )
}

/** Whether the line has a blank outside of links and code, after its list marker. */
function canBeBroken(line: string): boolean {
  if (/^\s*\[[^\]]+\]: /.test(line)) return false
  const content = line.replace(/^[\s>]*(?:(?:[-*+]|\d+\.)\s+)?/, '').trimEnd()
  const link = /!?\[(?:!\[[^\]]*\]\([^)]*\)|[^\]])*\]\([^)]*\)/g
  return /\s/.test(withoutCode(content).replace(link, blank))
}

/** The text without its front matter, fenced blocks and comments. Lines keep their numbers. */
function withoutBlocks(markdown: string): string {
  return markdown
    .replace(/^---\n.*?\n---\n/s, blankLines)
    .replace(/^( *)(`{3,}|~{3,}).*?^ *\2`*$/gms, blankLines)
    .replace(/<!--.*?-->/gs, blankLines)
}

const withoutCode = (text: string): string => text.replace(/(`+)(?!`)[^`]*?\1/g, blank)

/** The text without addresses, which may contain any word. */
const withoutTargets = (text: string): string => text.replace(/\]\([^)]*\)|https?:\/\/[^\s)>]+/g, blank)

const blankLines = (block: string): string => block.replace(/[^\n]/g, '')

const blank = (code: string): string => code.replace(/[^\n]/g, '_')
