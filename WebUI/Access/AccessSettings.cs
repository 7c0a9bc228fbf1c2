using Backup.Foundation.Secrets;
using Backup.Metadata.People;

namespace Backup.WebUI.Access;

/// <summary>How long things last, and how much a stranger may try. The defaults are those of docs/people.md.</summary>
public sealed record AccessSettings
{
    /// <summary>A session that is not used for so long is over.</summary>
    public TimeSpan Idle { get; init; } = TimeSpan.FromHours(12);

    /// <summary>No session lasts longer, used or not.</summary>
    public TimeSpan LongestSession { get; init; } = TimeSpan.FromDays(7);

    /// <summary>So long a password that was given again is good for.</summary>
    public TimeSpan Confirmed { get; init; } = TimeSpan.FromMinutes(5);

    public TimeSpan Invitation { get; init; } = TimeSpan.FromDays(3);

    public LockOutRule LockOut { get; init; } = LockOutRule.Default;

    /// <summary>So many tries to log in that are not good an address has at once.</summary>
    public int TriesAtOnce { get; init; } = 20;

    /// <summary>And then one more in each such time.</summary>
    public TimeSpan TryEvery { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Of new passwords: see <see cref="PasswordHash"/>.</summary>
    public int PasswordRounds { get; init; } = PasswordHash.DefaultRounds;
}
