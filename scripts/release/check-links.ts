/**
 * Fails for every link in a Markdown file of a package that leads to no file: neither to one of its
 * tarball nor to one of the repository, which a release links to by its address.
 */
import { readFile, stat } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { outwardLinks } from './links.ts'
import { publishedPackages } from './packages.ts'

const root = join(import.meta.dirname, '..', '..')

for (const { directory, files } of await publishedPackages(root)) {
  const path = relative(root, directory).split(sep).join('/')
  for (const file of files.filter((name) => name.endsWith('.md'))) {
    const text = await readFile(join(directory, file), 'utf8')
    for (const target of outwardLinks(text, { directory: path, file, shipped: files })) {
      await stat(join(root, target)).catch(() => {
        console.error(`${path}/${file} links to ${target}, which does not exist`)
        process.exitCode = 1
      })
    }
  }
}
