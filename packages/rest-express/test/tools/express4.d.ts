// Express 4 under its alias has no declarations; what the tests use of it is the same in Express 5.
declare module 'express4' {
  export { default } from 'express'
}
