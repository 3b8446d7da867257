import { createServer } from "node:http";
import { say } from "./report.mjs";
const jose = await import("jose");

const secret = new Uint8Array(32).fill(7);
const text = (value) => new TextEncoder().encode(value);
const header = ({ protectedHeader, payload, plaintext }) => ({
  alg: protectedHeader.alg,
  payload: payload ?? new TextDecoder().decode(plaintext),
});

const signed = await say("sign with a secret", () =>
  new jose.SignJWT({ a: 1 })
    .setProtectedHeader({ alg: "HS256" })
    .setIssuedAt(1_000)
    .setIssuer("me")
    .setAudience("you")
    .setExpirationTime(4_000_000_000)
    .sign(secret),
);
await say("verify", async () => header(await jose.jwtVerify(signed, secret, { issuer: "me", audience: "you" })));
await say("another issuer", () => jose.jwtVerify(signed, secret, { issuer: "them" }));
await say("another key", () => jose.jwtVerify(signed, new Uint8Array(32).fill(8)));
await say("expired", () => jose.jwtVerify(signed, secret, { currentDate: new Date("2100-01-01") }));
await say("not a token", () => jose.jwtVerify("a.b", secret));

for (const alg of ["RS256", "PS384", "ES256", "ES512", "EdDSA"]) {
  await say(`sign with ${alg}`, async () => {
    const { publicKey, privateKey } = await jose.generateKeyPair(alg, { extractable: true });
    const [spki, pkcs8, jwk] = [
      await jose.exportSPKI(publicKey),
      await jose.exportPKCS8(privateKey),
      await jose.exportJWK(publicKey),
    ];
    const token = await new jose.CompactSign(text("hello"))
      .setProtectedHeader({ alg })
      .sign(await jose.importPKCS8(pkcs8, alg));
    const { payload } = await jose.compactVerify(token, await jose.importSPKI(spki, alg));
    const flat = await new jose.FlattenedSign(text("flat")).setProtectedHeader({ alg }).sign(privateKey);
    const general = await new jose.GeneralSign(text("general"))
      .addSignature(privateKey)
      .setProtectedHeader({ alg })
      .done()
      .sign();
    const verified = [
      await jose.flattenedVerify(flat, await jose.importJWK(jwk, alg)),
      await jose.generalVerify(general, publicKey),
    ];
    return [
      new TextDecoder().decode(payload),
      verified.map((each) => new TextDecoder().decode(each.payload)),
      Object.keys(jwk).toSorted(),
    ];
  });
}
for (const [alg, enc] of [
  ["dir", "A256GCM"],
  ["A256KW", "A128CBC-HS256"],
  ["A256GCMKW", "A256GCM"],
  ["PBES2-HS256+A128KW", "A128GCM"],
]) {
  await say(`encrypt with ${alg}`, async () => {
    const token = await new jose.CompactEncrypt(text("secret")).setProtectedHeader({ alg, enc }).encrypt(secret);
    const jwt = await new jose.EncryptJWT({ b: 2 }).setProtectedHeader({ alg, enc }).setSubject("s").encrypt(secret);
    return [
      header(await jose.compactDecrypt(token, secret, { keyManagementAlgorithms: [alg] })),
      header(await jose.jwtDecrypt(jwt, secret, { keyManagementAlgorithms: [alg] })),
    ];
  });
}
for (const alg of ["RSA-OAEP-256", "ECDH-ES", "ECDH-ES+A128KW"]) {
  await say(`encrypt with ${alg}`, async () => {
    const { publicKey, privateKey } = await jose.generateKeyPair(alg);
    const flat = await new jose.FlattenedEncrypt(text("flat"))
      .setProtectedHeader({ alg, enc: "A128GCM" })
      .setAdditionalAuthenticatedData(text("more"))
      .encrypt(publicKey);
    const { plaintext } = await jose.flattenedDecrypt(flat, async () => privateKey);
    if (alg === "ECDH-ES") return new TextDecoder().decode(plaintext);
    const general = await new jose.GeneralEncrypt(text("general"))
      .setProtectedHeader({ enc: "A256GCM" })
      .addRecipient(publicKey)
      .setUnprotectedHeader({ alg })
      .addRecipient(publicKey)
      .setUnprotectedHeader({ alg })
      .encrypt();
    return [
      new TextDecoder().decode(plaintext),
      new TextDecoder().decode((await jose.generalDecrypt(general, privateKey)).plaintext),
    ];
  });
}
await say("cannot decrypt", () => jose.compactDecrypt("a.b.c.d.e", secret));

const { publicKey, privateKey } = await jose.generateKeyPair("ES256", { extractable: true });
const key = { ...(await jose.exportJWK(publicKey)), kid: "k1", alg: "ES256", use: "sig" };
const token = await new jose.SignJWT({}).setProtectedHeader({ alg: "ES256", kid: "k1" }).sign(privateKey);
await say("a local key set", async () => header(await jose.jwtVerify(token, jose.createLocalJWKSet({ keys: [key] }))));
await say("no key in the set", () => jose.jwtVerify(token, jose.createLocalJWKSet({ keys: [{ ...key, kid: "k2" }] })));
const server = createServer((request, response) =>
  request.url === "/keys" ? response.end(JSON.stringify({ keys: [key] })) : response.writeHead(404).end(),
);
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const url = (path) => new URL(path, `http://127.0.0.1:${server.address().port}`);
await say("a remote key set", async () => {
  const set = jose.createRemoteJWKSet(url("/keys"));
  const found = [header(await jose.jwtVerify(token, set)), set.fresh, set.coolingDown];
  await set.reload();
  return [...found, header(await jose.jwtVerify(token, set))];
});
await say("a remote key set that is not there", () => jose.jwtVerify(token, jose.createRemoteJWKSet(url("/none"))));
server.close();
await say("thumbprints", async () => {
  const fixed = { kty: "oct", k: jose.base64url.encode(secret) };
  return [await jose.calculateJwkThumbprint(fixed), await jose.calculateJwkThumbprintUri(fixed, "sha384")];
});
await say("an embedded key", async () => {
  const embedded = await new jose.SignJWT({ c: 3 })
    .setProtectedHeader({ alg: "ES256", jwk: await jose.exportJWK(publicKey) })
    .sign(privateKey);
  return (await jose.jwtVerify(embedded, jose.EmbeddedJWK)).payload;
});
await say(
  "a secret key",
  async () => (await jose.exportJWK(await jose.generateSecret("HS512", { extractable: true }))).k.length,
);
