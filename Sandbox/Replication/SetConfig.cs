using System.Text;
using Backup.MongoWire.Bson;

namespace Backup.Sandbox.Replication;

/// <summary>One member as the configuration of its set has it.</summary>
internal sealed record ConfigMember(int Id, string Host)
{
    public bool ArbiterOnly { get; init; }

    public bool Hidden { get; init; }

    public double Priority { get; init; } = 1;

    public int Votes { get; init; } = 1;

    public BsonDocument Tags { get; init; } = BsonDocument.Empty;

    /// <summary>How far it stays behind.</summary>
    public long DelaySeconds { get; init; }

    public bool BearsData => !ArbiterOnly;
}

/// <summary>A replica set's configuration, as replSetGetConfig gives it and replSetReconfig takes it.</summary>
internal sealed record SetConfig(string Name, int Version, IReadOnlyList<ConfigMember> Members, byte[] ReplicaSetId)
{
    /// <summary>Whether they are the config servers of a sharded cluster.</summary>
    public bool IsOfConfigServers { get; init; }

    public required TimeSpan HeartbeatInterval { get; init; }

    public required TimeSpan ElectionTimeout { get; init; }

    public int MajorityVotes => Members.Sum(static member => member.Votes) / 2 + 1;

    /// <summary>How many voting members that bear data must have what a majority has.</summary>
    public int WriteMajority =>
        Math.Min(MajorityVotes, Members.Count(static member => member is { Votes: > 0, BearsData: true }));

    public ConfigMember? Of(string host) => Members.FirstOrDefault(member => member.Host == host);

    /// <summary>What a client asks for as the next configuration; what the sandbox has no use for stays as it is.</summary>
    /// <exception cref="CommandFault">93, 103</exception>
    public SetConfig Next(BsonView wanted)
    {
        var version = (int)wanted["version"u8].ToInt64();
        if (wanted["_id"u8].AsString != Name || version <= Version)
        {
            throw new CommandFault(
                103,
                "NewReplicaSetConfigurationIncompatible",
                $"New and old configurations differ in name, or the new version {version} is not greater than {Version}"
            );
        }

        var members = new List<ConfigMember>();
        foreach (var item in wanted["members"u8].AsDocument)
        {
            members.Add(Member(item.AsDocument));
        }

        return members.Exists(static member => member is { Priority: > 0, ArbiterOnly: false, Votes: > 0 })
            ? this with
            {
                Version = version,
                Members = members,
            }
            : throw new CommandFault(93, "InvalidReplicaSetConfig", "No member of the new configuration is electable");
    }

    public BsonDocument ToDocument() =>
        BsonDocument.Build(w =>
        {
            Span<byte> scratch = stackalloc byte[11];
            w.String("_id"u8, Name).Int32("version"u8, Version);
            if (IsOfConfigServers)
            {
                w.Boolean("configsvr"u8, true);
            }

            w.Int64("protocolVersion"u8, 1);
            w.Boolean("writeConcernMajorityJournalDefault"u8, true).BeginArray("members"u8);
            foreach (var member in Members)
            {
                w.BeginDocument(w.ArrayItemName(scratch));
                w.Int32("_id"u8, member.Id).String("host"u8, member.Host);
                w.Boolean("arbiterOnly"u8, member.ArbiterOnly).Boolean("buildIndexes"u8, true);
                w.Boolean("hidden"u8, member.Hidden).Double("priority"u8, member.Priority);
                w.Document("tags"u8, member.Tags).Int64("slaveDelay"u8, member.DelaySeconds);
                w.Int32("votes"u8, member.Votes).EndDocument();
            }

            w.EndArray().BeginDocument("settings"u8).Boolean("chainingAllowed"u8, true);
            w.Int32("heartbeatIntervalMillis"u8, (int)HeartbeatInterval.TotalMilliseconds);
            w.Int32("heartbeatTimeoutSecs"u8, 10);
            w.Int32("electionTimeoutMillis"u8, (int)ElectionTimeout.TotalMilliseconds);
            w.Int32("catchUpTimeoutMillis"u8, -1).Int32("catchUpTakeoverDelayMillis"u8, 30_000);
            w.BeginDocument("getLastErrorModes"u8).EndDocument();
            w.BeginDocument("getLastErrorDefaults"u8).Int32("w"u8, 1).Int32("wtimeout"u8, 0).EndDocument();
            w.ObjectId("replicaSetId"u8, ReplicaSetId).EndDocument();
        });

    private ConfigMember Member(BsonView wanted)
    {
        var host = wanted["host"u8].AsString;
        var known = Of(host) ?? new ConfigMember((int)wanted["_id"u8].ToInt64(), host);
        return known with
        {
            Id = (int)wanted["_id"u8].ToInt64(),
            ArbiterOnly = Flag(wanted, "arbiterOnly"),
            Hidden = Flag(wanted, "hidden"),
            Priority = wanted.TryGet("priority"u8, out var priority) ? priority.ToDouble() : 1,
            Votes = wanted.TryGet("votes"u8, out var votes) ? (int)votes.ToInt64() : 1,
            Tags = wanted.TryGet("tags"u8, out var tags) ? tags.AsDocument.ToDocument() : BsonDocument.Empty,
            DelaySeconds = wanted.TryGet("slaveDelay"u8, out var delay) ? delay.ToInt64() : 0,
        };
    }

    private static bool Flag(BsonView document, string name) =>
        document.TryGet(Encoding.UTF8.GetBytes(name), out var value) && value.ToBoolean();
}
