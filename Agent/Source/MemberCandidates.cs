using Backup.Foundation;
using Backup.Foundation.Contracts;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;
using Backup.MongoWire.Uri;

namespace Backup.Agent.Source;

/// <summary>A member of the set that bears data, and what speaks for and against reading from it.</summary>
/// <param name="State">As <c>replSetGetStatus</c> numbers it.</param>
/// <param name="StateName">As it names it.</param>
/// <param name="LagSeconds">Behind the newest entry of any member; null where it is not known.</param>
internal sealed record MemberCandidate(
    HostAddress Host,
    long State,
    string StateName,
    bool Hidden,
    double Priority,
    bool Delayed,
    long? LagSeconds,
    IReadOnlyDictionary<string, string> Tags
)
{
    internal const long Primary = 1;
    internal const long Secondary = 2;

    /// <summary>A member that is further behind is not begun with.</summary>
    internal const uint MostLagSeconds = 60;

    public bool IsPrimary => State == Primary;

    /// <summary>Why it is not read from; null where it may be.</summary>
    public string? Unfit =>
        State is not (Primary or Secondary) ? $"it is in the state {StateName}"
        : Delayed ? "it is delayed"
        : LagSeconds is not { } lag ? "it is not known how far it is"
        : lag > MostLagSeconds ? $"it is {lag} s behind"
        : null;

    public bool Has(MemberRule rule) =>
        rule.Tags.All(wanted => Tags.TryGetValue(wanted.Key, out var value) && value == wanted.Value);
}

/// <summary>Puts together what configuration and status of a set say of its members. Arbiters are left out.</summary>
internal static class MemberCandidates
{
    /// <exception cref="Foundation.Errors.BackupException">MongoWire's.</exception>
    public static async Task<IReadOnlyList<MemberCandidate>> ReadAsync(
        MongoClient set,
        ReadTarget target,
        CancellationToken cancellation
    )
    {
        var states = await StatesAsync(set, target, cancellation);
        var newest = states.Values.Max(one => one.Optime?.T) ?? 0;
        using var reply = await set.RunCommandAsync(
            "admin",
            SourceMember.Command("replSetGetConfig"),
            target,
            cancellation
        );
        var all = new List<MemberCandidate>();
        foreach (var item in reply.View["config"u8].AsDocument["members"u8].AsDocument)
        {
            var member = item.AsDocument;
            if (member.TryGet("arbiterOnly"u8, out var arbiter) && arbiter.ToBoolean())
            {
                continue;
            }

            var name = member["host"u8].AsString;
            var state = states.GetValueOrDefault(name) ?? new State(0, "UNKNOWN", null);
            all.Add(
                new MemberCandidate(
                    HostAddress.Parse(name),
                    state.Number,
                    state.Name,
                    member.TryGet("hidden"u8, out var hidden) && hidden.ToBoolean(),
                    member.TryGet("priority"u8, out var priority) ? priority.ToDouble() : 1,
                    IsDelayed(member),
                    state.Optime is { } optime ? (long)newest - optime.T : null,
                    TagsOf(member)
                )
            );
        }

        return all;
    }

    private static bool IsDelayed(BsonView member) =>
        (member.TryGet("slaveDelay"u8, out var old) && old.ToDouble() > 0)
        || (member.TryGet("secondaryDelaySecs"u8, out var delay) && delay.ToDouble() > 0);

    private static Dictionary<string, string> TagsOf(BsonView member)
    {
        var tags = new Dictionary<string, string>(StringComparer.Ordinal);
        if (member.TryGet("tags"u8, out var field) && field.Type == BsonType.Document)
        {
            foreach (var tag in field.AsDocument)
            {
                tags[tag.NameText] = tag.AsString;
            }
        }

        return tags;
    }

    private static async Task<Dictionary<string, State>> StatesAsync(
        MongoClient set,
        ReadTarget target,
        CancellationToken cancellation
    )
    {
        var command = SourceMember.Command("replSetGetStatus");
        using var reply = await set.RunCommandAsync("admin", command, target, cancellation);
        var states = new Dictionary<string, State>(StringComparer.Ordinal);
        foreach (var item in reply.View["members"u8].AsDocument)
        {
            var member = item.AsDocument;
            states[member["name"u8].AsString] = new State(
                member["state"u8].ToInt64(),
                member.TryGet("stateStr"u8, out var name) ? name.AsString : "UNKNOWN",
                member.TryGet("optime"u8, out var optime) && optime.Type == BsonType.Document
                    ? SourceMember.ReadOptime(optime.AsDocument)
                    : null
            );
        }

        return states;
    }

    private sealed record State(long Number, string Name, Optime? Optime);
}
