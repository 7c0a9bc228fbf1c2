using Backup.Metadata;
using Backup.WebUI.Contracts;
using Backup.WebUI.Desks;

namespace Backup.Cli.Appliance;

/// <summary>API keys and client certificates of the agents of a group.</summary>
internal sealed class CredentialOperations(IMetadataStore metadata, TimeProvider time) : ICredentialDesk
{
    public async Task<IReadOnlyList<KeyView>> KeysAsync(string groupId, CancellationToken cancellation)
    {
        var agents = await AgentsAsync(cancellation);
        var groups = await metadata.Access.GroupsAsync(cancellation);
        var names = groups.ToDictionary(group => group.Id, group => group.Name);
        var keys = await metadata.Credentials.KeysAsync(cancellation);
        return
        [
            .. keys.Where(key => key.GroupId == groupId)
                .Select(key => new KeyView(
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

    public async Task<KeyView> RevokeKeyAsync(string groupId, string key, CancellationToken cancellation)
    {
        _ = await KeyAsync(groupId, key, cancellation);
        await metadata.Credentials.RevokeKeyAsync(key, cancellation);
        return await KeyAsync(groupId, key, cancellation);
    }

    public async Task<KeyView> RotateKeyAsync(string groupId, string key, CancellationToken cancellation)
    {
        _ = await KeyAsync(groupId, key, cancellation);
        await metadata.Credentials.RequestRotationAsync(key, cancellation);
        return await KeyAsync(groupId, key, cancellation);
    }

    public async Task<IReadOnlyList<CertificateView>> CertificatesAsync(string groupId, CancellationToken cancellation)
    {
        var agents = await AgentsAsync(cancellation);
        var certificates = await metadata.Credentials.CertificatesAsync(cancellation);
        return
        [
            .. certificates
                .Where(one => agents[one.AgentId].GroupId == groupId)
                .Select(one => new CertificateView(
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

    public async Task<CertificateView> RevokeCertificateAsync(
        string groupId,
        string certificate,
        CancellationToken cancellation
    )
    {
        var found =
            (await CertificatesAsync(groupId, cancellation)).FirstOrDefault(one => one.Id == certificate)
            ?? throw CliErrors.NoSuchCertificate(certificate);
        await metadata.Credentials.RevokeCertificateAsync(Convert.FromHexString(found.Id), cancellation);
        return (await CertificatesAsync(groupId, cancellation)).First(one => one.Id == certificate);
    }

    private async Task<KeyView> KeyAsync(string groupId, string id, CancellationToken cancellation) =>
        (await KeysAsync(groupId, cancellation)).FirstOrDefault(key => key.Id == id) ?? throw CliErrors.NoSuchKey(id);

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
