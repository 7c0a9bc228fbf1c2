namespace Backup.WebUI.Access;

/// <summary>For answers that go on for hours: whether who asked would be let in now too. A session that ended, or a role that was taken away, ends them.</summary>
/// <param name="StillAsync">Looks anew; it does not count as a use of the session.</param>
internal sealed record AccessCheck(Func<CancellationToken, Task<bool>> StillAsync);
