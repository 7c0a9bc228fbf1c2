using System.Collections.Concurrent;
using Backup.Metadata;
using Backup.WebUI.Contracts;

namespace Backup.WebUI.Resources;

/// <summary>Pages that are open on one group are shown the same: it is made once for all of them, and not for each.</summary>
/// <param name="overviews">Makes it.</param>
/// <param name="metadata">Tells whether something has changed since.</param>
/// <param name="time">The clock.</param>
internal sealed class SharedOverviews(Overviews overviews, IMetadataStore metadata, TimeProvider time)
{
    /// <summary>How old seconds are is told by it too: beyond that it is made anew where nothing has changed.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(4);

    private readonly ConcurrentDictionary<string, Made> _made = new(StringComparer.Ordinal);

    /// <param name="group">Its id.</param>
    /// <param name="mayBe">How old it may be where something has changed since; zero: it holds every change until now.</param>
    /// <param name="cancellation">Gives up waiting for it.</param>
    public Task<OverviewView> OfAsync(string group, TimeSpan mayBe, CancellationToken cancellation)
    {
        var seen = metadata.ChangeCount;
        var made = _made.AddOrUpdate(
            group,
            static (id, self) => self.New(id),
            (id, earlier, self) => earlier.IsGood(seen, mayBe, time) ? earlier : self.New(id),
            this
        );
        // Whoever gives up leaves it to the others.
        return made.View.Value.WaitAsync(cancellation);
    }

    private Made New(string group) =>
        new(
            metadata.ChangeCount,
            time.GetTimestamp(),
            new Lazy<Task<OverviewView>>(() => overviews.OfAsync(group, CancellationToken.None))
        );

    /// <param name="Changes">Before it was begun.</param>
    /// <param name="At">When it was begun.</param>
    /// <param name="View">Begun by the first that asks.</param>
    private sealed record Made(long Changes, long At, Lazy<Task<OverviewView>> View)
    {
        public bool IsGood(long seen, TimeSpan mayBe, TimeProvider time)
        {
            if (View is { IsValueCreated: true, Value: { IsFaulted: true } or { IsCanceled: true } })
            {
                return false;
            }

            var age = time.GetElapsedTime(At);
            return age < mayBe || (Changes == seen && age < Longest);
        }
    }
}
