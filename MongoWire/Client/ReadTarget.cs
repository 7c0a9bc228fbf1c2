using Backup.MongoWire.Uri;

namespace Backup.MongoWire.Client;

/// <summary>Which members may answer. Source: the driver specification "server selection".</summary>
public enum ReadPreferenceMode
{
    Primary,
    PrimaryPreferred,
    Secondary,
    SecondaryPreferred,
    Nearest,
}

/// <summary>Where a command goes: to members by read preference and tags, or to one named host.</summary>
public sealed record ReadTarget
{
    public static readonly ReadTarget Primary = new();
    public static readonly ReadTarget PrimaryPreferred = new() { Mode = ReadPreferenceMode.PrimaryPreferred };
    public static readonly ReadTarget Secondary = new() { Mode = ReadPreferenceMode.Secondary };
    public static readonly ReadTarget SecondaryPreferred = new() { Mode = ReadPreferenceMode.SecondaryPreferred };
    public static readonly ReadTarget Nearest = new() { Mode = ReadPreferenceMode.Nearest };

    public ReadPreferenceMode Mode { get; init; } = ReadPreferenceMode.Primary;

    /// <summary>Tag sets tried in order; a member fits one if it has all of its tags. Empty: any member.</summary>
    public IReadOnlyList<IReadOnlyDictionary<string, string>> TagSets { get; init; } = [];

    /// <summary>
    /// How far a secondary may be behind, by the dates of writes: at least 90 s, and at least the heartbeat and 10 s. Null: any. Source:
    /// the driver specification "max staleness".
    /// </summary>
    public TimeSpan? MaxStaleness { get; init; }

    /// <summary>This very host, whatever its role; hidden members and arbiters are reached only so.</summary>
    public HostAddress? Host { get; init; }

    public static ReadTarget On(HostAddress host) => new() { Host = host, Mode = ReadPreferenceMode.Nearest };

    public override string ToString() =>
        Host is { } host ? host.ToString()
        : TagSets.Count == 0 ? Mode.ToString()
        : $"{Mode} with tags";
}
