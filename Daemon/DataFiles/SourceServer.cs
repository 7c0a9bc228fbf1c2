using Backup.Daemon.Restores;
using Backup.Daemon.Targets;
using Backup.MongoWire.Bson;
using Backup.Snapshots.Reading;

namespace Backup.Daemon.DataFiles;

/// <summary>The server that a restore is of, as far as its data files hang on it.</summary>
/// <param name="Set">Of its replica set.</param>
/// <param name="MongoVersion">For example <c>4.2.4</c>.</param>
/// <param name="FeatureCompatibilityVersion">At the moment that is restored, for example <c>4.0</c>.</param>
/// <param name="ExpectedBytes">Of the documents that are restored; an estimate.</param>
internal sealed record SourceServer(
    string Set,
    string MongoVersion,
    string FeatureCompatibilityVersion,
    long ExpectedBytes
)
{
    /// <summary>
    /// Of the mongod that is wanted: the source's version, or the compatibility version, where the source became a newer server after the snapshot that a
    /// moment is restored from.
    /// </summary>
    internal string Family
    {
        get
        {
            var own = MongodProgram.FamilyOf(MongoVersion) ?? MongoVersion;
            return
                Version.TryParse(own, out var version)
                && Version.TryParse(FeatureCompatibilityVersion, out var compatible)
                && compatible > version
                ? FeatureCompatibilityVersion
                : own;
        }
    }

    /// <param name="restore">Of a replica set.</param>
    /// <param name="cancellation">Gives up.</param>
    internal static async Task<SourceServer> OfAsync(OpenRestore restore, CancellationToken cancellation)
    {
        var source = restore.Source ?? throw new ArgumentException("a restore of a whole cluster", nameof(restore));
        var manifest = source.Reader.Manifest;
        var wanted = restore.Content.Items.Where(static item => item.Uuid is not null).Select(item => item.Uuid!.Value);
        var uuids = wanted.ToHashSet();
        var bytes = manifest
            .Collections.Where(one => uuids.Contains(one.Definition.Uuid))
            .Sum(static one => one.Statistics.DocumentBytes);
        return new SourceServer(
            manifest.ReplicaSet.Name,
            manifest.ReplicaSet.MongoVersion,
            await VersionAsync(source.Reader, cancellation) ?? manifest.ReplicaSet.FeatureCompatibilityVersion,
            bytes
        );
    }

    /// <summary>On a server without any data.</summary>
    /// <exception cref="Foundation.Errors.BackupException">9031.</exception>
    internal Task SetFeatureCompatibilityAsync(TargetCommands commands, CancellationToken cancellation) =>
        commands.RunAsync(
            $"setting the feature compatibility version to {FeatureCompatibilityVersion}",
            "admin",
            w =>
            {
                w.String("setFeatureCompatibilityVersion"u8, FeatureCompatibilityVersion);
                if (new Version(Family) >= new Version(7, 0))
                {
                    w.Boolean("confirm"u8, true);
                }
            },
            cancellation
        );

    /// <summary>As the server keeps it; null where the backup does not have it.</summary>
    private static async Task<string?> VersionAsync(SnapshotReader reader, CancellationToken cancellation)
    {
        var kept = reader.Collections.FirstOrDefault(static one => one.Namespace == "admin.system.version");
        if (kept is null)
        {
            return null;
        }

        var id = BsonDocument.Build(static w => w.String("_id"u8, "featureCompatibilityVersion"));
        var found = await reader.FindAsync(kept.Uuid, id.View["_id"u8], cancellation);
        return
            found is { } document
            && document.View.TryGet("version"u8, out var version)
            && version.Type == BsonType.String
            ? version.AsString
            : null;
    }
}
