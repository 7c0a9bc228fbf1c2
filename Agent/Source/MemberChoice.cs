using Backup.Foundation;
using Backup.Foundation.Errors;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;
using Backup.MongoWire.Uri;

namespace Backup.Agent.Source;

/// <summary>
/// Chooses the member to read from: hidden secondaries first, then those of low priority; none that is delayed or lags more than a
/// minute; those that failed a moment ago last. The primary where there is no other.
/// </summary>
internal static class MemberChoice
{
    private const uint MostLagSeconds = 60;
    private static readonly TimeSpan ProbeTimeout = TimeSpan.FromSeconds(5);

    /// <param name="avoided">Members that failed a moment ago.</param>
    /// <returns>Belongs to the caller.</returns>
    /// <exception cref="BackupException">7007 privileges, 7015 a mongos, or MongoWire's.</exception>
    public static async Task<SourceMember> ChooseAsync(
        MongoClient set,
        IReadOnlySet<HostAddress> avoided,
        CancellationToken cancellation
    )
    {
        foreach (var host in await CandidatesAsync(set, avoided, cancellation))
        {
            if (IsLost(set, host))
            {
                continue;
            }

            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            patience.CancelAfter(ProbeTimeout);
            try
            {
                if (await OpenAsync(set, host, patience.Token) is { } member)
                {
                    return member;
                }
            }
            catch (Exception failure)
                when (failure is BackupException
                    || (failure is OperationCanceledException && !cancellation.IsCancellationRequested)
                )
            {
                // Not to be reached from here: the next one.
            }
        }

        var primary = await set.SelectAsync(ReadTarget.Primary, cancellation);
        return await OpenAsync(set, primary.Address, cancellation)
            ?? throw AgentErrors.Unfit(primary.Address, "it answers no reads");
    }

    /// <summary>Null where it does not answer reads.</summary>
    private static async Task<SourceMember?> OpenAsync(
        MongoClient set,
        HostAddress host,
        CancellationToken cancellation
    )
    {
        var own = set.DirectTo(host);
        try
        {
            // A selection alone would wait for a host that takes no connections.
            using (await own.LeaseAsync(ReadTarget.On(host), cancellation)) { }

            var server = await own.SelectAsync(ReadTarget.On(host), cancellation);
            if (server.IsReadable)
            {
                return new SourceMember(set, own, host, server.MaxWireVersion);
            }
        }
        catch
        {
            await own.DisposeAsync();
            throw;
        }

        await own.DisposeAsync();
        return null;
    }

    /// <summary>Whether the set's monitors have found already that it does not answer.</summary>
    private static bool IsLost(MongoClient set, HostAddress host) =>
        set.Topology.Servers.TryGetValue(host, out var known) && known is { Type: ServerType.Unknown, Error: not null };

    private static async Task<IReadOnlyList<HostAddress>> CandidatesAsync(
        MongoClient set,
        IReadOnlySet<HostAddress> avoided,
        CancellationToken cancellation
    )
    {
        var any = await set.SelectAsync(ReadTarget.SecondaryPreferred, cancellation);
        if (set.Topology.Type == TopologyType.Sharded)
        {
            throw AgentErrors.Unsupported(
                $"{any.Address} is a mongos: the agent reads replica sets.",
                "Give the URIs of the shards' and the config servers' replica sets, each as a deployment of its own."
            );
        }

        // Named as a whole and first: the next command would only say that it is refused itself.
        var target = ReadTarget.On(any.Address);
        await Privileges.CheckAsync(set, target, cancellation);
        if (set.Topology.Type == TopologyType.Single)
        {
            return [any.Address];
        }

        var fresh = await FreshSecondariesAsync(set, target, cancellation);
        using var reply = await set.RunCommandAsync(
            "admin",
            SourceMember.Command("replSetGetConfig"),
            target,
            cancellation
        );
        var ranked = new List<(HostAddress Host, bool Hidden, double Priority)>();
        foreach (var item in reply.View["config"u8].AsDocument["members"u8].AsDocument)
        {
            var member = item.AsDocument;
            var name = member["host"u8].AsString;
            if (fresh.Contains(name) && !IsDelayed(member))
            {
                ranked.Add(
                    (
                        HostAddress.Parse(name),
                        member.TryGet("hidden"u8, out var hidden) && hidden.ToBoolean(),
                        member.TryGet("priority"u8, out var priority) ? priority.ToDouble() : 1
                    )
                );
            }
        }

        return
        [
            .. ranked
                .OrderBy(one => avoided.Contains(one.Host))
                .ThenByDescending(one => one.Hidden)
                .ThenBy(one => one.Priority)
                .Select(one => one.Host),
        ];
    }

    private static bool IsDelayed(BsonView member) =>
        (member.TryGet("slaveDelay"u8, out var old) && old.ToDouble() > 0)
        || (member.TryGet("secondaryDelaySecs"u8, out var delay) && delay.ToDouble() > 0);

    private static async Task<HashSet<string>> FreshSecondariesAsync(
        MongoClient set,
        ReadTarget target,
        CancellationToken cancellation
    )
    {
        const int secondary = 2;
        var command = SourceMember.Command("replSetGetStatus");
        using var reply = await set.RunCommandAsync("admin", command, target, cancellation);
        var members = new List<(string Name, long State, Optime Optime)>();
        foreach (var item in reply.View["members"u8].AsDocument)
        {
            var member = item.AsDocument;
            if (member.TryGet("optime"u8, out var optime) && optime.Type == BsonType.Document)
            {
                members.Add(
                    (member["name"u8].AsString, member["state"u8].ToInt64(), SourceMember.ReadOptime(optime.AsDocument))
                );
            }
        }

        var newest = members.Count == 0 ? 0 : members.Max(one => one.Optime.T);
        return
        [
            .. members
                .Where(one => one.State == secondary && newest - one.Optime.T <= MostLagSeconds)
                .Select(one => one.Name),
        ];
    }
}
