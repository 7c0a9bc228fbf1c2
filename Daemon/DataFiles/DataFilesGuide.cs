using System.Globalization;
using Backup.Foundation;

namespace Backup.Daemon.DataFiles;

/// <summary>What stands beside the data files: what they are, and how to start a server on them.</summary>
internal static class DataFilesGuide
{
    /// <summary>The folder that is mongod's dbpath.</summary>
    internal const string DataFolder = "data";

    internal const string FileName = "RESTORED.txt";

    /// <param name="set">The replica set that was backed up.</param>
    /// <param name="optime">The last entry that is in them.</param>
    /// <param name="options">How they are.</param>
    /// <param name="result">What they are.</param>
    internal static string Text(string set, Optime optime, DataFilesOptions options, DataFilesResult result)
    {
        var family = MongodProgram.FamilyOf(result.MongoVersion) ?? result.MongoVersion;
        var dataOptions = options.DirectoryPerDatabase ? " --directoryperdb" : "";
        var notices = string.Concat(result.Notices.Select(static one => $"  {one}\n"));
        return string.Create(
            CultureInfo.InvariantCulture,
            $"""
            Data files of the replica set {set}, up to and including optime {optime} ({optime.WallClock:u}).

            Written by mongod {result.MongoVersion} (WiredTiger, feature compatibility version {result.FeatureCompatibilityVersion}), and shut down cleanly.
            {result.Collections} collections and views, {result.Documents} documents, {result.Users} users and roles.
            {notices}
            Start them with a mongod of {family}, of any last number. "{DataFolder}" is the folder for --dbpath: move it to
            where mongod keeps its data, and give it to mongod's user, for example

              mv {DataFolder} /var/lib/mongodb && chown -R mongodb: /var/lib/mongodb

            {(options.Seed is { } seed ? Seeded(seed, dataOptions) : Unseeded(dataOptions))}
            A member of a sharded cluster cannot be made of them as they are: they know nothing of shards and config servers.

            """
        );
    }

    private static string Unseeded(string dataOptions) =>
        $"""
            To look at them as they are:

              mongod --dbpath {DataFolder}{dataOptions} --bind_ip 127.0.0.1 --port 27117

            They have no configuration of a replica set. To make one of them, start mongod on them with

              mongod --dbpath {DataFolder}{dataOptions} --replSet NAME --bind_ip …

            and run rs.initiate() on it once; members that are added with rs.add() start with an empty folder and copy everything.

            """;

    private static string Seeded(ReplicaSetSeed seed, string dataOptions) =>
        $"""
            They are the files of every member of the replica set {seed.Set}: {string.Join(", ", seed.Members)}.
            Copy "{DataFolder}" to each of these hosts while no mongod runs on it, and start each with

              mongod --dbpath {DataFolder}{dataOptions} --replSet {seed.Set} --bind_ip … --port …

            Once most of them run they elect a primary by themselves, within some 15 seconds; nothing is copied between them, and rs.initiate() must
            not be run. Start all of them from copies of these very files: one that was written to before its copy was made differs from the others.
            The oplog may hold {seed.OplogMegabytes} MB: replSetResizeOplog changes that. With authentication, give every member the same key file.

            """;
}
