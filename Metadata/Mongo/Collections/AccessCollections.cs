namespace Backup.Metadata.Mongo.Collections;

/// <summary>Groups, agents, what agents prove themselves with, and where restores are pushed to; settings.</summary>
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

    /// <summary>Private keys stand here sealed only.</summary>
    internal static readonly Collection<SshKeyRecord> SshKeys = new(
        "sshKeys",
        nameof(SshKeyRecord.Id),
        null,
        new Index("groupId_name", "groupId", "name") { Unique = true }
    );

    /// <summary>Passwords stand here sealed only.</summary>
    internal static readonly Collection<SshTargetRecord> SshTargets = new(
        "sshTargets",
        nameof(SshTargetRecord.Id),
        null,
        new Index("groupId_name", "groupId", "name") { Unique = true },
        new Index("keyId", "keyId")
    );

    /// <summary>Keys stand here wrapped only.</summary>
    internal static readonly Collection<GroupKeyRecord> GroupKeys = new(
        "groupKeys",
        nameof(GroupKeyRecord.Id),
        null,
        new Index("groupId_purpose_generation", "groupId", "purpose", "generation") { Unique = true }
    );

    internal static readonly Collection<DestroyedKeyRecord> DestroyedKeys = new(
        "destroyedKeys",
        nameof(DestroyedKeyRecord.Id),
        null,
        new Index("groupId", "groupId")
    );

    internal static readonly IReadOnlyList<Collection> All =
    [
        Settings,
        Groups,
        Tokens,
        Agents,
        Keys,
        Certificates,
        SshKeys,
        SshTargets,
        GroupKeys,
        DestroyedKeys,
    ];
}

/// <summary>A value by name.</summary>
internal sealed record Setting(string Name, string Value);
