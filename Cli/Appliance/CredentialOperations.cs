using Backup.Metadata;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Appliance;

/// <summary>What the commands can ask about agents' keys and certificates.</summary>
internal sealed class CredentialOperations(IMetadataStore metadata, TimeProvider time)
{
    internal async Task<IReadOnlyList<KeyView>> KeysAsync(CancellationToken cancellation)
    {
        var agents = await AgentsAsync(cancellation);
        var groups = await metadata.Access.GroupsAsync(cancellation);
        var names = groups.ToDictionary(group => group.Id, group => group.Name);
        var keys = await metadata.Credentials.KeysAsync(cancellation);
        return
        [
            .. keys.Select(key => new KeyView(
                key.Id,
                names[key.GroupId],
                key.AgentId,
                agents[key.AgentId].HostName,
                agents[key.AgentId].Revoked ? "agent-revoked" : StateName(key.State),
                key.CreatedAt,
                key.LastUsedAt,
                key.EndedAt,
                key.RotationWanted
            )),
        ];
    }

    internal async Task<KeyView> RevokeKeyAsync(string key, CancellationToken cancellation)
    {
        _ = await KeyAsync(key, cancellation);
        await metadata.Credentials.RevokeKeyAsync(key, cancellation);
        return await KeyAsync(key, cancellation);
    }

    internal async Task<KeyView> RotateKeyAsync(string key, CancellationToken cancellation)
    {
        _ = await KeyAsync(key, cancellation);
        await metadata.Credentials.RequestRotationAsync(key, cancellation);
        return await KeyAsync(key, cancellation);
    }

    internal async Task<IReadOnlyList<CertificateView>> CertificatesAsync(CancellationToken cancellation)
    {
        var agents = await AgentsAsync(cancellation);
        var certificates = await metadata.Credentials.CertificatesAsync(cancellation);
        return
        [
            .. certificates.Select(one => new CertificateView(
                Convert.ToHexStringLower(one.Sha256),
                one.AgentId,
                agents[one.AgentId].HostName,
                StateOf(one, agents[one.AgentId]),
                one.IssuedAt,
                one.ExpiresAt,
                one.RevokedAt
            )),
        ];
    }

    internal async Task<CertificateView> RevokeCertificateAsync(string certificate, CancellationToken cancellation)
    {
        var found =
            (await CertificatesAsync(cancellation)).FirstOrDefault(one => one.Id == certificate)
            ?? throw CliErrors.NoSuchCertificate(certificate);
        await metadata.Credentials.RevokeCertificateAsync(Convert.FromHexString(found.Id), cancellation);
        return (await CertificatesAsync(cancellation)).First(one => one.Id == certificate);
    }

    private async Task<KeyView> KeyAsync(string id, CancellationToken cancellation) =>
        (await KeysAsync(cancellation)).FirstOrDefault(key => key.Id == id) ?? throw CliErrors.NoSuchKey(id);

    private async Task<Dictionary<string, AgentRecord>> AgentsAsync(CancellationToken cancellation) =>
        (await metadata.Access.AgentsAsync(cancellation)).ToDictionary(agent => agent.Id);

    private string StateOf(ClientCertificateRecord certificate, AgentRecord agent) =>
        agent.Revoked ? "agent-revoked"
        : certificate.RevokedAt is not null ? "revoked"
        : certificate.ExpiresAt <= time.GetUtcNow() ? "expired"
        : "valid";

    private static string StateName(ApiKeyState state) =>
        state switch
        {
            ApiKeyState.Pending => "pending",
            ApiKeyState.Valid => "valid",
            ApiKeyState.Replaced => "replaced",
            ApiKeyState.Revoked => "revoked",
            _ => throw new ArgumentOutOfRangeException(nameof(state)),
        };
}
