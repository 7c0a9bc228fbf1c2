using System.Diagnostics.CodeAnalysis;

namespace Backup.Foundation.Contracts;

/// <summary>
/// Which member of a replica set is read: <c>secondary</c> (a hidden one first, then those of low priority; the primary where there is no other),
/// <c>primary</c>, <c>tags:KEY=VALUE[,KEY=VALUE...]</c> (one that has all of these tags) or <c>host:HOST:PORT</c> (that one alone).
/// </summary>
public sealed record MemberRule
{
    public const string Shapes = "secondary, primary, tags:KEY=VALUE[,KEY=VALUE...] or host:HOST:PORT";

    private const string TagsPrefix = "tags:";
    private const string HostPrefix = "host:";

    private MemberRule(MemberRuleKind kind, string text)
    {
        Kind = kind;
        Text = text;
    }

    public static MemberRule Secondary { get; } = new(MemberRuleKind.Secondary, "secondary");

    public MemberRuleKind Kind { get; }

    /// <summary>As it is typed.</summary>
    public string Text { get; }

    /// <summary>Of <see cref="MemberRuleKind.Tags"/>: what the member has to have; at least one.</summary>
    public IReadOnlyDictionary<string, string> Tags { get; private init; } = new Dictionary<string, string>();

    /// <summary>Of <see cref="MemberRuleKind.Host"/>: as it is typed, not looked at further.</summary>
    public string Host { get; private init; } = "";

    /// <summary>Reads one of <see cref="Shapes"/>; false on anything else.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out MemberRule? rule)
    {
        rule = text switch
        {
            "secondary" => Secondary,
            "primary" => new MemberRule(MemberRuleKind.Primary, text),
            _ when text.StartsWith(TagsPrefix, StringComparison.Ordinal) => OfTags(text),
            _ when text.StartsWith(HostPrefix, StringComparison.Ordinal) && text.Length > HostPrefix.Length =>
                new MemberRule(MemberRuleKind.Host, text) { Host = text[HostPrefix.Length..] },
            _ => null,
        };
        return rule is not null;
    }

    public override string ToString() => Text;

    private static MemberRule? OfTags(string text)
    {
        var tags = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var pair in text[TagsPrefix.Length..].Split(','))
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0 || !tags.TryAdd(pair[..equals], pair[(equals + 1)..]))
            {
                return null;
            }
        }

        return new MemberRule(MemberRuleKind.Tags, text) { Tags = tags };
    }
}

public enum MemberRuleKind
{
    Secondary,
    Primary,
    Tags,
    Host,
}
