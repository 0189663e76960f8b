import { join } from 'node:path'
import { defineConfig } from 'vite'

const web = join(import.meta.dirname, 'web')

export default defineConfig({
  root: web,
  // Relative addresses, so that the page works below any path.
  base: './',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: join(import.meta.dirname, 'dist', 'web'),
    emptyOutDir: true,
    target: ['chrome123', 'firefox120', 'safari17.5'],
    // The page's policy allows no data: addresses beside those of Uppy's styles.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 2000,
    rolldownOptions: {
      checks: { pluginTimings: false },
      input: { page: join(web, 'index.html'), explorer: join(web, 'explorer', 'index.html') },
    },
  },
})
