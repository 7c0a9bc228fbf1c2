using System.Globalization;
using Backup.Foundation.Contracts;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;

namespace Backup.Agent.Source;

/// <summary>Finds out what is behind a deployment's URI, and whether it can be backed up at all.</summary>
internal static class Discovery
{
    /// <summary>The oldest server whose oplog the product replays.</summary>
    private const int OldestMajor = 4;

    /// <exception cref="Foundation.Errors.BackupException">7007 privileges, 7008 version, 7009 no replica set, or MongoWire's.</exception>
    public static async Task<DiscoveryReport> RunAsync(SourceMember member, CancellationToken cancellation)
    {
        var version = await VersionAsync(member, cancellation);
        await Privileges.CheckAsync(member.Client, member.Target, cancellation);
        using var reply = await member.RunAsync("admin", SourceMember.Command("replSetGetConfig"), cancellation);
        var config = reply.View["config"u8].AsDocument;
        var members = new List<string>();
        foreach (var item in config["members"u8].AsDocument)
        {
            if (!(item.AsDocument.TryGet("arbiterOnly"u8, out var arbiter) && arbiter.ToBoolean()))
            {
                members.Add(item.AsDocument["host"u8].AsString);
            }
        }

        return new DiscoveryReport(
            config["_id"u8].AsString,
            SetIdOf(config),
            version,
            await FeatureCompatibilityAsync(member, version, cancellation),
            await StorageEngineAsync(member, cancellation),
            members
        );
    }

    private static string SetIdOf(BsonView config) =>
        config.TryGet("settings"u8, out var settings)
        && settings.AsDocument.TryGet("replicaSetId"u8, out var id)
        && id.Type == BsonType.ObjectId
            ? Convert.ToHexStringLower(id.AsObjectId)
            : throw AgentErrors.NoSet("its configuration has no settings.replicaSetId");

    internal static async Task<string> VersionAsync(SourceMember member, CancellationToken cancellation)
    {
        using var reply = await member.RunAsync("admin", SourceMember.Command("buildInfo"), cancellation);
        var version = reply.View["version"u8].AsString;
        return
            int.TryParse(version.Split('.')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var major)
            && major >= OldestMajor
            ? version
            : throw AgentErrors.TooOld(version);
    }

    internal static async Task<string> FeatureCompatibilityAsync(
        SourceMember member,
        string serverVersion,
        CancellationToken cancellation
    )
    {
        var command = BsonDocument.Build(w =>
            w.String("find"u8, "system.version")
                .BeginDocument("filter"u8)
                .String("_id"u8, "featureCompatibilityVersion")
                .EndDocument()
                .Int32("limit"u8, 1)
                .Boolean("singleBatch"u8, true)
        );
        using var reply = await member.RunAsync("admin", command, cancellation);
        foreach (var item in reply.View["cursor"u8].AsDocument["firstBatch"u8].AsDocument)
        {
            return item.AsDocument.TryGet("version"u8, out var version) ? version.AsString : "";
        }

        // What is not stored there is the default: the server's own version.
        return string.Join('.', serverVersion.Split('.').Take(2));
    }

    private static async Task<string> StorageEngineAsync(SourceMember member, CancellationToken cancellation)
    {
        try
        {
            using var reply = await member.RunAsync("admin", SourceMember.Command("serverStatus"), cancellation);
            return reply.View.TryGet("storageEngine"u8, out var engine)
                ? engine.AsDocument["name"u8].AsString
                : "unknown";
        }
        catch (CommandException)
        {
            return "unknown";
        }
    }
}
