/**
 * Links of a Markdown file that a package ships: to files of its tarball they can stay as they are,
 * to others of the repository they need the repository's address.
 */
import { posix } from 'node:path'

export interface ShippedFile {
  /** Of the package, relative to the repository, such as `packages/core`. */
  readonly directory: string
  /** The file's path in the package. */
  readonly file: string
  /** All files of the package's tarball. */
  readonly shipped: readonly string[]
}

/** Paths in the repository that the text links to and that are not in the tarball. */
export function outwardLinks(markdown: string, from: ShippedFile): readonly string[] {
  const links: string[] = []
  replaceOutwardLinks(markdown, from, (path) => {
    links.push(path)
    return path
  })
  return links
}

/** The text with each of its outward links replaced by what `addressOf` returns for the path. */
export function replaceOutwardLinks(
  markdown: string,
  { directory, file, shipped }: ShippedFile,
  addressOf: (path: string) => string,
): string {
  return markdown.replaceAll(/(\]\()([^)\s]+)(?=\))/g, (whole, start: string, target: string) => {
    const [, path = '', anchor = ''] = /^([^#]*)(.*)$/.exec(target) ?? []
    if (path === '' || /^[a-z][a-z0-9+.-]*:/i.test(path)) return whole
    const inPackage = posix.normalize(posix.join(posix.dirname(file), path))
    if (shipped.includes(inPackage)) return whole
    return start + addressOf(posix.join(directory, inPackage)) + anchor
  })
}
