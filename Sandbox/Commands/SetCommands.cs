using Backup.Foundation;
using Backup.MongoWire.Bson;
using Backup.Sandbox.Replication;

namespace Backup.Sandbox.Commands;

/// <summary>What a member says of its replica set, and what it can be told about it.</summary>
internal static class SetCommands
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(1);

    /// <summary>
    /// hello and isMaster. From 4.4 on a client may name the answer that it knows: then the next one comes as soon as there is another.
    /// </summary>
    public static async ValueTask<BsonDocument> HelloAsync(CommandContext context, CancellationToken cancellation)
    {
        var member = context.Member;
        if (context.Document("topologyVersion"u8) is { } known && context.View.Has("maxAwaitTimeMS"u8))
        {
            var next = member.NextChange;
            if (known.View["counter"u8].ToInt64() == member.Changes)
            {
                var most = TimeSpan.FromMilliseconds(context.Number("maxAwaitTimeMS"u8, 0));
                var wait = Task.Delay(most < LongestWait ? most : LongestWait, member.Time, cancellation);
                await Task.WhenAny(next, wait);
                cancellation.ThrowIfCancellationRequested();
            }
        }

        lock (member.Set.Gate)
        {
            return Hello(context);
        }
    }

    public static BsonDocument Status(CommandContext context)
    {
        var member = context.Member;
        lock (member.Set.Gate)
        {
            if (member.Set.ConfigOf(member) is null)
            {
                throw new CommandFault(
                    93,
                    "InvalidReplicaSetConfig",
                    "Our replica set config is invalid or we are not a member of it"
                );
            }

            return context.Reply(w => WriteStatus(w, member));
        }
    }

    public static BsonDocument Config(CommandContext context) =>
        context.Reply(w => w.Document("config"u8, context.Member.Set.Config.ToDocument()));

    public static BsonDocument Reconfigure(CommandContext context)
    {
        var wanted =
            context.Document("replSetReconfig"u8)
            ?? throw CommandFault.FailedToParse("replSetReconfig needs a configuration");
        var member = context.Member;
        member.Set.Reconfigure(member, config => config.Next(wanted.View), context.Flag("force"u8));
        return context.Reply(static _ => { });
    }

    public static async ValueTask<BsonDocument> StepDownAsync(CommandContext context, CancellationToken cancellation)
    {
        var member = context.Member;
        cancellation.ThrowIfCancellationRequested();
        var force = context.Flag("force"u8);
        var catchUp = context.Number("secondaryCatchUpPeriodSecs"u8, force ? 0 : 10);
        await member.Set.StepDownAsync(
            member,
            TimeSpan.FromSeconds(context.Number("replSetStepDown"u8, 60)),
            TimeSpan.FromSeconds(catchUp),
            force
        );
        return context.Reply(static _ => { });
    }

    public static BsonDocument StepUp(CommandContext context)
    {
        context.Member.Set.StepUp(context.Member);
        return context.Reply(static _ => { });
    }

    public static BsonDocument Freeze(CommandContext context)
    {
        var member = context.Member;
        lock (member.Set.Gate)
        {
            if (member.IsPrimary)
            {
                throw new CommandFault(95, "NotSecondary", "cannot freeze node when primary or running for election.");
            }

            member.NoElectionUntil =
                member.Time.GetUtcNow() + TimeSpan.FromSeconds(context.Number("replSetFreeze"u8, 0));
        }

        return context.Reply(static _ => { });
    }

    public static BsonDocument Maintenance(CommandContext context)
    {
        context.Member.Set.Maintain(context.Member, context.Flag("replSetMaintenance"u8));
        return context.Reply(static _ => { });
    }

    private static BsonDocument Hello(CommandContext context)
    {
        var member = context.Member;
        var mechanisms = context.Text("saslSupportedMechs"u8);
        return context.Reply(w =>
        {
            if (member.Set.ConfigOf(member) is { } own)
            {
                WriteMembership(w, context, own);
            }
            else
            {
                w.String("setName"u8, member.Options.ReplicaSetName);
                w.Boolean(Word(context), false).Boolean("secondary"u8, false);
                w.String("info"u8, "Does not have a valid replica set config").Boolean("isreplicaset"u8, true);
            }

            if (member.Options.Role is { IsConfigServer: true })
            {
                w.Int32("configsvr"u8, 2);
            }

            w.Int32("maxBsonObjectSize"u8, 16 << 20).Int32("maxMessageSizeBytes"u8, 48_000_000);
            w.Int32("maxWriteBatchSize"u8, 100_000).DateTime("localTime"u8, context.Engine.NowMilliseconds);
            w.Int32("logicalSessionTimeoutMinutes"u8, 30).Int32("connectionId"u8, (int)context.Request.Connection.Id);
            w.Int32("minWireVersion"u8, 0).Int32("maxWireVersion"u8, member.Options.MaxWireVersion);
            w.Boolean("readOnly"u8, false);
            if (member.Options.Profile != WireProfile.V42)
            {
                w.BeginDocument("topologyVersion"u8).ObjectId("processId"u8, member.ProcessId);
                w.Int64("counter"u8, member.Changes).EndDocument();
            }

            if (context.Flag("helloOk"u8))
            {
                w.Boolean("helloOk"u8, true);
            }

            if (mechanisms is not null && member.Access.Knows(mechanisms[(mechanisms.IndexOf('.') + 1)..]))
            {
                w.BeginArray("saslSupportedMechs"u8)
                    .String("0"u8, "SCRAM-SHA-1")
                    .String("1"u8, "SCRAM-SHA-256")
                    .EndArray();
            }
        });
    }

    private static void WriteMembership(BsonWriter w, CommandContext context, ConfigMember own)
    {
        var member = context.Member;
        var config = member.Set.Config;
        Hosts(
            w,
            "hosts"u8,
            config.Members.Where(static one => one is { BearsData: true, Hidden: false, Priority: > 0 })
        );
        Hosts(
            w,
            "passives"u8,
            config.Members.Where(static one => one is { BearsData: true, Hidden: false, Priority: 0 })
        );
        Hosts(w, "arbiters"u8, config.Members.Where(static one => one.ArbiterOnly));
        w.String("setName"u8, config.Name).Int32("setVersion"u8, config.Version);
        w.Boolean(Word(context), member.IsPrimary).Boolean("secondary"u8, member.State == MemberState.Secondary);
        if (member.Set.PrimaryInSight(member) is { } primary)
        {
            w.String("primary"u8, primary.Address);
        }

        if (own.ArbiterOnly)
        {
            w.Boolean("arbiterOnly"u8, true);
        }
        else if (own.Priority == 0)
        {
            w.Boolean("passive"u8, true);
        }

        if (own.Hidden)
        {
            w.Boolean("hidden"u8, true);
        }

        if (own.DelaySeconds > 0)
        {
            w.Int32("slaveDelay"u8, (int)own.DelaySeconds);
        }

        if (!own.Tags.View.IsEmpty)
        {
            w.Document("tags"u8, own.Tags);
        }

        w.String("me"u8, member.Address);
        if (member.IsPrimary)
        {
            w.ObjectId("electionId"u8, member.ElectionId);
        }

        var (last, majority) = (context.Engine.Oplog.Last, context.Engine.Oplog.Majority);
        w.BeginDocument("lastWrite"u8);
        OpTime(w, "opTime"u8, last);
        w.DateTime("lastWriteDate"u8, last.T * 1000L);
        OpTime(w, "majorityOpTime"u8, majority);
        w.DateTime("majorityWriteDate"u8, majority.T * 1000L).EndDocument();
    }

    private static void WriteStatus(BsonWriter w, SandboxMember member)
    {
        var config = member.Set.Config;
        var (last, majority) = (member.Engine.Oplog.Last, member.Engine.Oplog.Majority);
        w.String("set"u8, config.Name).DateTime("date"u8, member.Engine.NowMilliseconds);
        w.Int32("myState"u8, (int)member.State).Int64("term"u8, member.Engine.Term);
        WriteSource(w, member);
        w.Int64("heartbeatIntervalMillis"u8, (long)config.HeartbeatInterval.TotalMilliseconds);
        w.Int32("majorityVoteCount"u8, config.MajorityVotes).Int32("writeMajorityCount"u8, config.WriteMajority);
        w.BeginDocument("optimes"u8);
        OpTime(w, "lastCommittedOpTime"u8, majority);
        w.DateTime("lastCommittedWallTime"u8, majority.T * 1000L);
        OpTime(w, "readConcernMajorityOpTime"u8, majority);
        w.DateTime("readConcernMajorityWallTime"u8, majority.T * 1000L);
        OpTime(w, "appliedOpTime"u8, last);
        OpTime(w, "durableOpTime"u8, member.State == MemberState.Arbiter ? Optime.Zero : last);
        w.DateTime("lastAppliedWallTime"u8, last.T * 1000L);
        w.EndDocument().BeginArray("members"u8);
        Span<byte> scratch = stackalloc byte[11];
        foreach (var one in config.Members)
        {
            w.BeginDocument(w.ArrayItemName(scratch));
            WriteMember(w, member, one, member.Set.Members.First(known => known.Address == one.Host));
            w.EndDocument();
        }

        w.EndArray();
    }

    private static void WriteMember(BsonWriter w, SandboxMember asked, ConfigMember config, SandboxMember one)
    {
        var isSeen = asked.Set.Reaches(asked, one);
        var state = isSeen ? one.State : MemberState.Down;
        w.Int32("_id"u8, config.Id).String("name"u8, config.Host).Double("health"u8, isSeen ? 1 : 0);
        w.Int32("state"u8, (int)state).String("stateStr"u8, state.Text());
        w.Int32("uptime"u8, isSeen ? (int)(one.Time.GetUtcNow() - one.Started).TotalSeconds : 0);
        if (config.BearsData)
        {
            var optime = isSeen ? one.Engine.Oplog.Last : Optime.Zero;
            OpTime(w, "optime"u8, optime);
            w.DateTime("optimeDate"u8, optime.T * 1000L);
        }

        if (isSeen)
        {
            WriteSource(w, one);
        }

        if (state == MemberState.Primary)
        {
            w.Timestamp("electionTime"u8, one.ElectedAt.Timestamp);
            w.DateTime("electionDate"u8, one.ElectedAt.T * 1000L);
        }

        w.Int32("configVersion"u8, isSeen ? asked.Set.Config.Version : -1);
        if (one == asked)
        {
            w.Boolean("self"u8, true);
        }

        w.String("lastHeartbeatMessage"u8, isSeen ? "" : "no response within election timeout period");
    }

    private static void WriteSource(BsonWriter w, SandboxMember member)
    {
        var source = member.State is MemberState.Secondary or MemberState.Startup2 ? member.Set.SourceOf(member) : null;
        w.String("syncingTo"u8, source?.Address ?? "").String("syncSourceHost"u8, source?.Address ?? "");
        w.Int32("syncSourceId"u8, source is null ? -1 : member.Set.ConfigOf(source)?.Id ?? -1);
    }

    private static ReadOnlySpan<byte> Word(CommandContext context) =>
        context.Request.Name == "hello" ? "isWritablePrimary"u8 : "ismaster"u8;

    private static void Hosts(BsonWriter w, ReadOnlySpan<byte> name, IEnumerable<ConfigMember> some)
    {
        Span<byte> scratch = stackalloc byte[11];
        var isOpen = false;
        foreach (var member in some)
        {
            if (!isOpen)
            {
                w.BeginArray(name);
                isOpen = true;
            }

            w.String(w.ArrayItemName(scratch), member.Host);
        }

        if (isOpen)
        {
            w.EndArray();
        }
    }

    /// <summary>Before the first entry there is neither time nor term.</summary>
    private static void OpTime(BsonWriter w, ReadOnlySpan<byte> name, Optime optime) =>
        w.BeginDocument(name)
            .Timestamp("ts"u8, optime.Timestamp)
            .Int64("t"u8, optime.IsZero ? -1 : optime.Term)
            .EndDocument();
}
