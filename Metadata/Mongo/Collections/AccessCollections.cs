namespace Backup.Metadata.Mongo.Collections;

/// <summary>Groups, agents, and what agents prove themselves with; settings.</summary>
internal static class AccessCollections
{
    internal static readonly Collection<Setting> Settings = new("settings", nameof(Setting.Name));

    internal static readonly Collection<Group> Groups = new(
        "groups",
        nameof(Group.Id),
        null,
        new Index("name", "name") { Unique = true }
    );

    internal static readonly Collection<EnrolmentToken> Tokens = new("tokens", nameof(EnrolmentToken.SecretHash));

    internal static readonly Collection<AgentRecord> Agents = new("agents", nameof(AgentRecord.Id));

    internal static readonly Collection<ApiKeyRecord> Keys = new(
        "apiKeys",
        nameof(ApiKeyRecord.Id),
        null,
        new Index("hash", "hash") { Unique = true },
        new Index("agentId", "agentId"),
        new Index("replaces", "replaces")
    );

    internal static readonly Collection<ClientCertificateRecord> Certificates = new(
        "clientCertificates",
        nameof(ClientCertificateRecord.Sha256)
    );

    internal static readonly IReadOnlyList<Collection> All = [Settings, Groups, Tokens, Agents, Keys, Certificates];
}

/// <summary>A value by name.</summary>
internal sealed record Setting(string Name, string Value);
