import { say } from "./report.mjs";
const oauth = await import("oauth4webapi");

const issuer = new URL("https://as.example.org");
const keys = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
const jwk = { ...(await crypto.subtle.exportKey("jwk", keys.publicKey)), kid: "k", alg: "ES256", use: "sig" };
const encode = (value) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");
const now = () => Math.floor(Date.now() / 1000);
const sign = async (claims, typ = "JWT") => {
  const text = `${encode({ alg: "ES256", kid: "k", typ })}.${encode(claims)}`;
  return `${text}.${Buffer.from(await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, keys.privateKey, Buffer.from(text))).toString("base64url")}`;
};

const metadata = {
  issuer: issuer.origin,
  authorization_endpoint: `${issuer.origin}/authorize`,
  token_endpoint: `${issuer.origin}/token`,
  userinfo_endpoint: `${issuer.origin}/userinfo`,
  introspection_endpoint: `${issuer.origin}/introspect`,
  revocation_endpoint: `${issuer.origin}/revoke`,
  pushed_authorization_request_endpoint: `${issuer.origin}/par`,
  device_authorization_endpoint: `${issuer.origin}/device`,
  registration_endpoint: `${issuer.origin}/register`,
  backchannel_authentication_endpoint: `${issuer.origin}/ciba`,
  jwks_uri: `${issuer.origin}/jwks`,
  code_challenge_methods_supported: ["S256"],
  id_token_signing_alg_values_supported: ["ES256"],
};
const client = { client_id: "me", id_token_signed_response_alg: "ES256" };
const seen = [];
let idToken = {};
const json = (body, status = 200, headers = {}) =>
  new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json", ...headers } });
const answers = {
  "/.well-known/openid-configuration": () => json(metadata),
  "/.well-known/oauth-authorization-server": () => json(metadata),
  "/jwks": () => json({ keys: [jwk] }),
  "/token": async (body) => {
    if (body.get("code") === "wrong" || body.get("device_code") === "pending")
      return json({ error: body.get("code") ? "invalid_grant" : "authorization_pending" }, 400);
    const id = {
      iss: issuer.origin,
      aud: "me",
      sub: "ann",
      iat: now(),
      exp: now() + 60,
      nonce: body.has("code") ? "n-1" : undefined,
      auth_time: now(),
      ...idToken,
    };
    return json({
      access_token: "at",
      token_type: "Bearer",
      expires_in: 60,
      refresh_token: "rt",
      ...(body.get("grant_type") !== "client_credentials" && { id_token: await sign(id) }),
    });
  },
  "/userinfo": () => json({ sub: "ann", name: "Ann" }),
  "/introspect": () => json({ active: true, sub: "ann" }),
  "/revoke": () => new Response(undefined, { status: 200 }),
  "/par": () => json({ request_uri: "urn:x:1", expires_in: 5 }, 201),
  "/device": () =>
    json({ device_code: "pending", user_code: "AB", verification_uri: "https://x.example.org", expires_in: 5 }),
  "/register": () => json({ client_id: "new" }, 201),
  "/ciba": () => json({ auth_req_id: "r", expires_in: 5 }),
  "/resource": () =>
    json({ secret: 1 }, 401, { "www-authenticate": `Bearer realm="r", error="invalid_token", scope="a b", Other x=1` }),
};
const options = {
  [oauth.customFetch]: async (url, { body, method, headers }) => {
    const { pathname } = new URL(url);
    seen.push(`${method} ${pathname} ${Object.keys(headers).toSorted()}`);
    const answer = answers[pathname];
    return answer ? await answer(new URLSearchParams(body?.toString())) : new Response("no", { status: 404 });
  },
};
const none = oauth.None();

const as = await say("discovery", async () =>
  oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, options)),
);
await say(
  "discovery of the other kind",
  async () =>
    (
      await oauth.processDiscoveryResponse(
        issuer,
        await oauth.discoveryRequest(issuer, { ...options, algorithm: "oauth2" }),
      )
    ).issuer,
);
await say("discovery of another issuer", async () =>
  oauth.processDiscoveryResponse(new URL("https://other.example.org"), await oauth.discoveryRequest(issuer, options)),
);
await say("a challenge", () => oauth.calculatePKCECodeChallenge("a".repeat(43)));
await say("random", () => [
  oauth.generateRandomState().length,
  oauth.generateRandomNonce().length,
  oauth.generateRandomCodeVerifier().length,
]);

const callback = (query) => oauth.validateAuthResponse(as, client, new URLSearchParams(query), "s");
const codeGrant = (code, clientAuth = none) =>
  oauth.authorizationCodeGrantRequest(
    as,
    client,
    clientAuth,
    callback({ code, state: "s" }),
    "https://me.example.org/cb",
    "v".repeat(43),
    options,
  );
const shown = ({ id_token: _, expires_in: __, ...rest }) => rest;
await say("a code", async () => {
  const result = await oauth.processAuthorizationCodeResponse(as, client, await codeGrant("right"), {
    expectedNonce: "n-1",
    requireIdToken: true,
    maxAge: 60,
  });
  return [shown(result), oauth.getValidatedIdTokenClaims(result).sub];
});
await say("a signature that is checked", async () => {
  const response = await codeGrant("right");
  const result = await oauth.processAuthorizationCodeResponse(as, client, response, { expectedNonce: "n-1" });
  await oauth.validateApplicationLevelSignature(as, response, options);
  return shown(result);
});
await say("another nonce", async () =>
  oauth.processAuthorizationCodeResponse(as, client, await codeGrant("right"), { expectedNonce: "n-2" }),
);
await say("a wrong code", async () => oauth.processAuthorizationCodeResponse(as, client, await codeGrant("wrong")));
for (const wrong of [
  { iss: "https://x.example.org" },
  { aud: "you" },
  { exp: 1 },
  { sub: undefined },
  { aud: ["me", "you"] },
]) {
  idToken = wrong;
  await say(`an id token with ${JSON.stringify(wrong)}`, async () =>
    shown(await oauth.processAuthorizationCodeResponse(as, client, await codeGrant("right"), { expectedNonce: "n-1" })),
  );
}
idToken = {};
for (const [name, auth] of Object.entries({
  "a secret": oauth.ClientSecretPost("secret"),
  "a basic secret": oauth.ClientSecretBasic("se cret"),
  "a secret JWT": oauth.ClientSecretJwt("secret"),
  "a private key": oauth.PrivateKeyJwt({ key: keys.privateKey, kid: "k" }),
}))
  await say(`client credentials with ${name}`, async () =>
    oauth.processClientCredentialsResponse(
      as,
      client,
      await oauth.clientCredentialsGrantRequest(as, client, auth, { scope: "a" }, options),
    ),
  );
await say("refresh", async () =>
  shown(
    await oauth.processRefreshTokenResponse(
      as,
      client,
      await oauth.refreshTokenGrantRequest(as, client, none, "rt", options),
    ),
  ),
);
await say("a generic grant", async () =>
  shown(
    await oauth.processGenericTokenEndpointResponse(
      as,
      client,
      await oauth.genericTokenEndpointRequest(as, client, none, "urn:x", { a: "b" }, options),
    ),
  ),
);
await say("user info", async () =>
  oauth.processUserInfoResponse(as, client, "ann", await oauth.userInfoRequest(as, client, "at", options)),
);
await say("user info of another", async () =>
  oauth.processUserInfoResponse(as, client, "bob", await oauth.userInfoRequest(as, client, "at", options)),
);
await say("introspection", async () =>
  oauth.processIntrospectionResponse(as, client, await oauth.introspectionRequest(as, client, none, "at", options)),
);
await say("revocation", async () =>
  oauth.processRevocationResponse(await oauth.revocationRequest(as, client, none, "at", options)),
);
await say("a pushed request", async () =>
  oauth.processPushedAuthorizationResponse(
    as,
    client,
    await oauth.pushedAuthorizationRequest(as, client, none, { a: "1" }, options),
  ),
);
await say("a device", async () =>
  oauth.processDeviceAuthorizationResponse(
    as,
    client,
    await oauth.deviceAuthorizationRequest(as, client, none, { scope: "a" }, options),
  ),
);
await say("a device that waits", async () =>
  oauth.processDeviceCodeResponse(as, client, await oauth.deviceCodeGrantRequest(as, client, none, "pending", options)),
);
await say("registration", async () =>
  oauth.processDynamicClientRegistrationResponse(
    await oauth.dynamicClientRegistrationRequest(as, { redirect_uris: [] }, options),
  ),
);
await say("a back channel", async () =>
  oauth.processBackchannelAuthenticationResponse(
    as,
    client,
    await oauth.backchannelAuthenticationRequest(as, client, none, { login_hint: "a" }, options),
  ),
);
await say("a resource with a challenge", async () => {
  try {
    return await oauth.protectedResourceRequest(
      "at",
      "GET",
      new URL("/resource", issuer),
      new Headers(),
      null,
      options,
    );
  } catch (error) {
    return [error.code, error.cause];
  }
});
await say("DPoP", async () => {
  const DPoP = oauth.DPoP(client, await oauth.generateKeyPair("ES256"));
  const thumbprint = await DPoP.calculateThumbprint();
  return [
    thumbprint.length,
    shown(
      await oauth.processRefreshTokenResponse(
        as,
        client,
        await oauth.refreshTokenGrantRequest(as, client, none, "rt", { ...options, DPoP }),
      ),
    ),
  ];
});
await say(
  "a request object",
  async () => (await oauth.issueRequestObject(as, client, { a: "1" }, keys.privateKey)).split(".").length,
);
await say("a JWT answer", async () => {
  const response = await sign({ iss: issuer.origin, aud: "me", exp: now() + 60, code: "c", state: "s" });
  return [...(await oauth.validateJwtAuthResponse(as, client, new URLSearchParams({ response }), "s", options))];
});
await say("a JWT access token", async () => {
  const token = await sign(
    { iss: issuer.origin, aud: "api", sub: "ann", client_id: "me", iat: now(), exp: now() + 60, jti: "1" },
    "at+jwt",
  );
  const request = new Request("https://api.example.org/x", { headers: { authorization: `Bearer ${token}` } });
  return Object.keys(await oauth.validateJwtAccessToken(as, request, "api", options)).toSorted();
});
await say("an error from the server", () => callback({ error: "access_denied", state: "s" }));
await say("another state", () => callback({ code: "c", state: "t" }));
await say("requests", () => seen);
