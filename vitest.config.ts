import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    projects: [
      'packages/{core,provider-memory,provider-fs,provider-azure,provider-s3,test-servers,rest-express,cli,loopback-connector}',
      'apps/*',
    ],
    reporters: ['default', './scripts/report-counts.ts'],
  },
})
