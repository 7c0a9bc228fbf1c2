namespace Backup.Foundation.Contracts;

/// <param name="Secret">The token's secret part, base64url.</param>
/// <param name="HostName">Of the agent's host.</param>
/// <param name="Version">The agent's.</param>
/// <param name="CertificateRequest">PKCS#10 in base64, where the agent would have a client certificate; its private key stays with it.</param>
public sealed record EnrolRequest(string Secret, string HostName, string Version, string? CertificateRequest = null);

/// <param name="AgentId">The server's id of the agent.</param>
/// <param name="ApiKey">Shown once; the server keeps only its hash.</param>
/// <param name="Certificate">The client certificate (DER in base64), where one was asked for and the server issues them.</param>
public sealed record EnrolAnswer(string AgentId, string ApiKey, string? Certificate = null);

/// <summary>A key that is to replace another one, once the agent has stored it and confirmed it.</summary>
/// <param name="KeyId">The server's id of it; no secret.</param>
/// <param name="ApiKey">Shown once; the server keeps only its hash.</param>
public sealed record KeyAnswer(string KeyId, string ApiKey);

/// <param name="CertificateRequest">PKCS#10 in base64.</param>
public sealed record CertificateOrder(string CertificateRequest);

/// <param name="Certificate">DER in base64; it names the agent whatever the request said.</param>
public sealed record CertificateAnswer(string Certificate);
