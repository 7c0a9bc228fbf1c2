using Backup.Foundation.Secrets;

namespace Backup.WebUI.Access;

/// <summary>Hashes passwords, a few at a time: each takes a core for a good part of a second, and strangers can ask for them.</summary>
internal sealed class Passwords(int rounds) : IDisposable
{
    private const int AtOnce = 2;
    private const int MostWaiting = 32;

    private readonly PasswordHash _hash = new(rounds);
    private readonly SemaphoreSlim _slots = new(AtOnce);
    private int _waiting;

    public Task<bool> MatchesAsync(string? stored, string password, CancellationToken cancellation) =>
        RunAsync(() => _hash.Matches(stored, password), cancellation);

    /// <exception cref="Foundation.Errors.BackupException">8525 it breaks a rule.</exception>
    public Task<string> MakeAsync(string password, string email, string field, CancellationToken cancellation)
    {
        if (PasswordRules.Broken(password, email) is { } why)
        {
            throw WebUIErrors.WeakPassword(why, field);
        }

        return RunAsync(() => _hash.Make(password), cancellation);
    }

    /// <summary>A stronger hash of a password that was just right; null where the stored one is as strong.</summary>
    public async Task<string?> StrongerAsync(string stored, string password, CancellationToken cancellation) =>
        _hash.IsOutdated(stored) ? await RunAsync(() => _hash.Make(password), cancellation) : null;

    public void Dispose() => _slots.Dispose();

    private async Task<T> RunAsync<T>(Func<T> work, CancellationToken cancellation)
    {
        if (Interlocked.Increment(ref _waiting) > MostWaiting)
        {
            Interlocked.Decrement(ref _waiting);
            throw WebUIErrors.Slower(2);
        }

        try
        {
            await _slots.WaitAsync(cancellation);
            try
            {
                return await Task.Run(work, CancellationToken.None);
            }
            finally
            {
                _slots.Release();
            }
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }
}
