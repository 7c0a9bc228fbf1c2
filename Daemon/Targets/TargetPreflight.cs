using System.Globalization;
using Backup.Foundation.Errors;
using Backup.MongoWire.Bson;
using Backup.Snapshots.Exports;

namespace Backup.Daemon.Targets;

/// <summary>What a restore into a target would meet.</summary>
/// <param name="Version">Of the target's servers, for example <c>4.2.4</c>.</param>
/// <param name="FeatureCompatibilityVersion">Of the target; null where it does not say, as a mongos does.</param>
/// <param name="IsCluster">Whether it is a mongos.</param>
/// <param name="Collections">Collections and views that would be restored.</param>
/// <param name="ExpectedBytes">Of documents; an estimate.</param>
/// <param name="FreeBytes">On the disk of the target's primary; null where it does not say.</param>
/// <param name="Conflicts">Namespaces of the target that are in the way.</param>
/// <param name="Obstacles">Why it cannot be.</param>
/// <param name="Warnings">What will not be as it was, or may go wrong.</param>
public sealed record TargetReport(
    string Version,
    string? FeatureCompatibilityVersion,
    bool IsCluster,
    int Collections,
    long ExpectedBytes,
    long? FreeBytes,
    IReadOnlyList<string> Conflicts,
    IReadOnlyList<string> Obstacles,
    IReadOnlyList<string> Warnings
)
{
    /// <summary>Collections that are there and kept otherwise, as sentences: with these it cannot be either.</summary>
    public IReadOnlyList<string> Different { get; init; } = [];

    // What one server takes of documents of a kilobyte with an index or two, on a core or two: a place to start from, no promise.
    private const double FastBytesASecond = 60e6;
    private const double SlowBytesASecond = 15e6;

    /// <summary>About how long it takes.</summary>
    public (TimeSpan Least, TimeSpan Most) Duration =>
        (
            TimeSpan.FromSeconds(1 + (ExpectedBytes / FastBytesASecond)),
            TimeSpan.FromSeconds(2 + (ExpectedBytes / SlowBytesASecond))
        );
}

/// <summary>Asks a target, and changes nothing.</summary>
internal sealed class TargetPreflight(RestoreTarget target, TargetCommands commands)
{
    private static readonly Version TimeSeries = new(5, 0);
    private static readonly Version Clustered = new(5, 3);
    private static readonly Version HiddenOrHashed = new(4, 4);
    private static readonly Version Wildcard = new(4, 2);

    /// <exception cref="BackupException">9031 where it does not answer.</exception>
    internal async Task<TargetReport> LookAsync(
        ExportContent content,
        TargetOptions options,
        CancellationToken cancellation
    )
    {
        var build = await commands.RunAsync(
            "asking its version",
            "admin",
            w => w.Int32("buildInfo"u8, 1),
            cancellation
        );
        var version = build.View["version"u8].AsString;
        var fcv = await FeatureCompatibilityAsync(cancellation);
        var room = await TargetRoom.LookAsync(commands, content, options.Resume, cancellation);
        var (obstacles, warnings, different) = (new List<string>(), new List<string>(), new List<string>());
        Judge(content, Short(version), obstacles);
        if (Short(content.MongoVersion) > Short(version))
        {
            warnings.Add(
                $"The source is MongoDB {content.MongoVersion} and the target {version}: options that only the newer one knows will be refused."
            );
        }

        var free = await FreeAsync(cancellation);
        if (free < content.ExpectedBytes)
        {
            warnings.Add(
                $"The target has {Megabytes(free.Value)} free and the documents come to {Megabytes(content.ExpectedBytes)} before the server compresses them."
            );
        }

        if (options.Resume && room.InTheWay.Count > 0)
        {
            warnings.Add(
                $"Cannot be filled up and is restored anew: {string.Join(", ", room.InTheWay.Select(static one => one.Namespace))}."
            );
        }

        if (!options.Drop)
        {
            different.AddRange(
                room.Differences.Select(static one =>
                    $"{one} is there already and kept otherwise than it would be restored: that needs --drop or --rename."
                )
            );
        }

        return new TargetReport(
            version,
            fcv,
            target.IsCluster,
            content.Items.Count,
            content.ExpectedBytes,
            free,
            [.. room.InTheWay.Select(static one => one.Namespace)],
            obstacles,
            warnings
        )
        {
            Different = different,
        };
    }

    private static void Judge(ExportContent content, Version version, List<string> obstacles)
    {
        foreach (var item in content.Items)
        {
            if (item.Type == ExportItem.TimeSeries)
            {
                Needs(TimeSeries, "a time series");
            }

            if (item.Options.View.Has("clusteredIndex"u8))
            {
                Needs(Clustered, "a clustered collection");
            }

            foreach (var index in item.Indexes)
            {
                if (index.View.Has("hidden"u8))
                {
                    Needs(HiddenOrHashed, "a hidden index");
                }

                if (index.View.TryGet("key"u8, out var key))
                {
                    Keys(key.AsDocument);
                }
            }

            void Keys(BsonView key)
            {
                var (fields, isHashed) = (0, false);
                foreach (var field in key)
                {
                    fields++;
                    isHashed |= field.Type == BsonType.String && field.AsUtf8.SequenceEqual("hashed"u8);
                    if (field.NameText.EndsWith("$**", StringComparison.Ordinal))
                    {
                        Needs(Wildcard, "a wildcard index");
                    }
                }

                if (isHashed && fields > 1)
                {
                    Needs(HiddenOrHashed, "a compound hashed index");
                }
            }

            void Needs(Version least, string what)
            {
                if (version < least)
                {
                    obstacles.Add($"'{item.Namespace}' is or has {what}: that needs MongoDB {least} or later.");
                }
            }
        }
    }

    /// <summary>Null where it is not told: by a mongos, or not to this user.</summary>
    private async Task<string?> FeatureCompatibilityAsync(CancellationToken cancellation)
    {
        try
        {
            var reply = await commands.RunAsync(
                "asking its feature compatibility version",
                "admin",
                w => w.Int32("getParameter"u8, 1).Int32("featureCompatibilityVersion"u8, 1),
                cancellation
            );
            return
                reply.View.TryGet("featureCompatibilityVersion"u8, out var fcv)
                && fcv.AsDocument.TryGet("version"u8, out var version)
                ? version.AsString
                : null;
        }
        catch (BackupException refused) when (!refused.IsTransient)
        {
            return null;
        }
    }

    private async Task<long?> FreeAsync(CancellationToken cancellation)
    {
        if (target.IsCluster)
        {
            return null;
        }

        try
        {
            var reply = await commands.RunAsync(
                "asking for its free space",
                "admin",
                w => w.Int32("dbStats"u8, 1),
                cancellation
            );
            return reply.View.TryGet("fsTotalSize"u8, out var total) && reply.View.TryGet("fsUsedSize"u8, out var used)
                ? total.ToInt64() - used.ToInt64()
                : null;
        }
        catch (BackupException refused) when (!refused.IsTransient)
        {
            return null;
        }
    }

    /// <summary>Its first two numbers; 0.0 where it cannot be read.</summary>
    private static Version Short(string version)
    {
        var parts = version.Split('.', '-');
        return
            parts.Length >= 2
            && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var major)
            && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var minor)
            ? new Version(major, minor)
            : new Version(0, 0);
    }

    private static string Megabytes(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:N0} MB");
}
