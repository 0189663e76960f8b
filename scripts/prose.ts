/**
 * The rules for prose that a script can check, in Markdown and in the comments of source files.
 * Lines end at 100 columns, and some words have a plain replacement. In Markdown, code, tables and
 * links that cannot be broken may be longer. In source files, the rule for columns holds for lines
 * that contain only a comment.
 */

export interface ProseProblem {
  /** From 1. */
  readonly line: number
  readonly message: string
}

const maxColumns = 100

interface WordRule {
  readonly pattern: RegExp
  readonly instead: string
  /** Paths of source files in which the word is the right one. */
  readonly except?: RegExp
}

const words: readonly WordRule[] = [
  {
    pattern: /\banswer(?:s|ed|ing)?\b/gi,
    instead: '"response", "respond" or "return"',
    // The command line asks its users questions.
    except: /^packages\/cli\//,
  },
  { pattern: /\bwhoever\b/gi, instead: '"anyone who" or the role' },
  { pattern: /\bnobody\b/gi, instead: '"no client", "no process" or the role' },
  { pattern: /\bsomebody\b/gi, instead: '"another client", "another process" or the role' },
  { pattern: /\bheld\s+against\b/gi, instead: '"compared with"' },
  { pattern: /\b(?:is|are|was|were|be|been)\s+looked\s+at\b/gi, instead: '"checked"' },
  { pattern: /\bpart\s+uploads?\b/gi, instead: '"multipart upload"' },
]

/** The problems of a document, in the order of their lines. */
export function proseProblems(markdown: string): readonly ProseProblem[] {
  const text = withoutBlocks(markdown)
  return [...longLines(text), ...plainWords(text, words)].toSorted((a, b) => a.line - b.line)
}

/**
 * The problems of the comments in a source file, in the order of their lines. Lines with addresses
 * may be longer.
 *
 * @param path The path of the file in the repository, for the exceptions from the rules for words.
 */
export function commentProblems(source: string, path: string): readonly ProseProblem[] {
  const lines = source.split('\n')
  const wide = lines.flatMap((line, index) => {
    const columns = [...line].length
    if (columns <= maxColumns || !commentLine.test(line) || /https?:\/\//.test(line)) return []
    return [{ line: index + 1, message: `${columns} columns, at most ${maxColumns}` }]
  })
  const comments = lines.map(commentIn).join('\n')
  const rules = words.filter(({ except }) => except?.test(path) !== true)
  return [...wide, ...plainWords(comments, rules)].toSorted((a, b) => a.line - b.line)
}

/** A line that contains only a comment, or a part of one. */
const commentLine = /^\s*(?:\/\/|\/\*|\*)/

/** The text of a comment that fills a line or ends it; empty for other lines. */
function commentIn(line: string): string {
  const start = commentLine.exec(line) ?? /(?:^|\s)\/\/\s/.exec(line)
  return start === null ? '' : line.slice(start.index + start[0].length)
}

function longLines(text: string): ProseProblem[] {
  return text.split('\n').flatMap((line, index) => {
    const columns = [...line].length
    if (columns <= maxColumns || /^\s*\|/.test(line) || !canBeBroken(line)) return []
    return [{ line: index + 1, message: `${columns} columns, at most ${maxColumns}` }]
  })
}

function plainWords(text: string, rules: readonly WordRule[]): ProseProblem[] {
  const prose = withoutTargets(withoutCode(text))
  return rules.flatMap(({ pattern, instead }) =>
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
