import * as z from 'zod'

export const serviceNameSchema = z
  .string()
  .regex(/^[a-z][a-zA-Z0-9._-]{0,95}$/, "a service's name is 1 to 96 letters, digits, dot, _ and -")

export const secretNameSchema = z
  .string()
  .regex(/^[a-z][a-zA-Z0-9./_-]{0,95}$/, "a secret's name is 1 to 96 letters, digits, dot, /, _ and -")
