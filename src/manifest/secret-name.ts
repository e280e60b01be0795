/** What people call things that nobody else should read. */
export const isSecretName = (name: string): boolean =>
  /(SECRET|TOKEN|PASSW(OR)?D|PWD|PASSPHRASE|CREDENTIAL|PRIVATE_?KEY|API_?KEY|ACCESS_?KEY|SIGNING|_KEY$|^KEY$|AUTH$|SALT)/i.test(
    name,
  );
