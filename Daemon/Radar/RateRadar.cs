using Backup.Foundation;
using Backup.Metadata.Alerting;
using Backup.Oplog;
using Backup.Oplog.Catalogues;

namespace Backup.Daemon.Radar;

/// <summary>
/// Counts what happens to each collection while a head follows the oplog, by the oplog's own clock, learns what is usual, and notices what goes beyond it. One
/// operation costs an addition; the rest is done once a second of oplog for the collections that were touched in it. Belongs to one caller.
/// </summary>
/// <param name="replicaSetId">Whose.</param>
/// <param name="aboutDocuments">How many documents a collection has, for drops that do not say.</param>
internal sealed class RateRadar(string replicaSetId, Func<Guid, long> aboutDocuments) : IOperationWatch
{
    /// <summary>Collections that are known at most; of more, those that were quiet longest are forgotten.</summary>
    internal const int MostCollections = 2000;

    private const uint NewSeconds = 600;
    private const uint YoungSeconds = 86400;

    private readonly Dictionary<string, CollectionRates> _rates = new(StringComparer.Ordinal);
    private readonly Dictionary<Guid, CollectionRates> _byId = [];
    private readonly List<CollectionRates> _touched = [];
    private readonly HashSet<CollectionRates> _noticed = [];
    private readonly List<string> _forgotten = [];
    private CatalogueCollection? _lastDefinition;
    private CollectionRates? _last;
    private uint _second;
    private uint _since;

    /// <summary>Everything up to and including this entry was counted before this was made.</summary>
    internal Optime CountedBefore { get; private set; } = Optime.Zero;

    /// <summary>False: nothing is counted.</summary>
    internal bool IsOn { get; set; }

    /// <summary>Whether there may be something to take.</summary>
    internal bool IsNoticed => _noticed.Count > 0;

    /// <summary>How many collections are known.</summary>
    internal int Collections => _rates.Count;

    /// <param name="radar">What was stored; null: nothing is known.</param>
    /// <param name="learnt">Of the same.</param>
    internal void Load(RadarRecord? radar, IEnumerable<LearntRates> learnt)
    {
        if (radar is null)
        {
            return;
        }

        (_since, CountedBefore) = (radar.Since, radar.Through);
        foreach (var rates in learnt.Select(CollectionRates.TryRead).OfType<CollectionRates>())
        {
            _rates[rates.Namespace] = rates;
        }
    }

    private RadarAge Age =>
        _second - _since < NewSeconds ? RadarAge.New
        : _second - _since < YoungSeconds ? RadarAge.Young
        : RadarAge.Grown;

    public void See(CatalogueCollection collection, WatchedOperation operation, Optime at)
    {
        if (!IsOn)
        {
            return;
        }

        if (at.T > _second)
        {
            Settle();
            _second = at.T;
        }

        if (!ReferenceEquals(collection, _lastDefinition))
        {
            (_lastDefinition, _last) = (collection, RatesOf(collection));
        }

        if (_last is { } rates && !(rates.IsCapped && operation == WatchedOperation.Delete))
        {
            rates.Add(operation, 1, at);
            Touch(rates);
        }
    }

    public void SeeAllGo(CatalogueCollection collection, long? documents, Optime at)
    {
        if (!IsOn)
        {
            return;
        }

        if (at.T > _second)
        {
            Settle();
            _second = at.T;
        }

        if (RatesOf(collection) is not { } rates)
        {
            return;
        }

        var lost = documents ?? aboutDocuments(collection.Uuid);
        if (lost > 0)
        {
            rates.AddDrop(lost, at);
            Touch(rates);
            // All of a database together: each of its collections may be small.
            var database = Find($"{collection.Database}.*");
            database.AddDrop(lost, at);
            database.Dropped.Add(collection.Namespace);
            Touch(database);
        }

        _byId.Remove(collection.Uuid);
        (_lastDefinition, _last) = (null, null);
    }

    /// <summary>What was counted is looked at: of the second that the last entry was of, little is to come.</summary>
    internal void Settle()
    {
        _since = _since == 0 ? _second : _since;
        foreach (var rates in _touched)
        {
            rates.CloseSecond(_second, Age);
            if (rates.IsNoticed)
            {
                _noticed.Add(rates);
            }
        }

        _touched.Clear();
        if (_rates.Count > MostCollections)
        {
            ForgetQuiet();
        }
    }

    /// <summary>What went beyond what is usual since the last time; what is of a whole database in one.</summary>
    /// <param name="deploymentId">Of whom.</param>
    /// <param name="least">The factor, past which it counts.</param>
    internal IReadOnlyList<BurstSighting> TakeSightings(string deploymentId, double least)
    {
        var seen = new List<BurstSighting>();
        var databases = new HashSet<string>(StringComparer.Ordinal);
        foreach (var rates in _noticed.OrderBy(static one => one.Dropped.Count > 0 ? 0 : 1))
        {
            if (rates.TakeSighting(deploymentId, least) is not { } sighting)
            {
                continue;
            }

            var isDatabase = rates.Dropped.Count > 0;
            if (isDatabase && rates.Dropped.Count > 1)
            {
                databases.Add(rates.Namespace);
                seen.Add(sighting);
            }
            else if (!isDatabase && !(sighting.Kinds == BurstKinds.Drops && databases.Contains(DatabaseOf(sighting))))
            {
                seen.Add(sighting);
            }

            rates.Dropped.Clear();
        }

        _noticed.RemoveWhere(static one => !one.IsNoticed);
        return seen;
    }

    /// <summary>What is to be stored.</summary>
    /// <param name="through">Everything up to and including this entry is counted.</param>
    internal (RadarRecord Radar, IReadOnlyList<LearntRates> Changed, IReadOnlyList<string> Forgotten) Describe(
        Optime through
    ) =>
        (
            new RadarRecord(replicaSetId, _since, through > CountedBefore ? through : CountedBefore),
            [
                .. _rates
                    .Values.Where(static one => one.IsChanged)
                    .Select(static one => new LearntRates(one.Namespace, one.Write())),
            ],
            [.. _forgotten]
        );

    /// <summary>What <see cref="Describe"/> said is stored.</summary>
    internal void Stored()
    {
        _forgotten.Clear();
        foreach (var rates in _rates.Values)
        {
            rates.IsChanged = false;
        }
    }

    private void Touch(CollectionRates rates)
    {
        if (!rates.IsTouched)
        {
            rates.IsTouched = true;
            _touched.Add(rates);
        }
    }

    /// <summary>Null where nobody is told of it.</summary>
    private CollectionRates? RatesOf(CatalogueCollection collection)
    {
        if (!IsWatched(collection))
        {
            return null;
        }

        if (
            !_byId.TryGetValue(collection.Uuid, out var rates)
            || (!ReferenceEquals(rates.Definition, collection) && rates.Namespace != collection.Namespace)
        )
        {
            // Where others were watched for long, one that is seen for the first time may be new: whether it is, its inserts say.
            rates = Find(collection.Namespace, _second);
            _byId[collection.Uuid] = rates;
        }

        if (!ReferenceEquals(rates.Definition, collection))
        {
            rates.Describe(collection);
        }

        return rates;
    }

    private CollectionRates Find(string ns, uint made = 0)
    {
        if (!_rates.TryGetValue(ns, out var rates))
        {
            rates = new CollectionRates(ns, made);
            _rates.Add(ns, rates);
            _forgotten.Remove(ns);
        }

        return rates;
    }

    /// <summary>The servers' own business, and what is made for a while only, is not.</summary>
    private static bool IsWatched(CatalogueCollection collection) =>
        collection.Database is not ("config" or "local")
        && !collection.Name.StartsWith("tmp.", StringComparison.Ordinal)
        && !collection.Name.StartsWith("system.resharding.", StringComparison.Ordinal)
        && !(collection.Options.View.TryGet("temp"u8, out var temp) && temp.ToBoolean());

    private static string DatabaseOf(BurstSighting sighting) =>
        $"{sighting.Namespace[..sighting.Namespace.IndexOf('.', StringComparison.Ordinal)]}.*";

    /// <summary>A quarter at once, so that it is seldom done: those of which only inserts are known first.</summary>
    private void ForgetQuiet()
    {
        var quiet = _rates
            .Values.OrderBy(static one => one.HasLosses ? 1 : 0)
            .ThenBy(static one => one.LastHour)
            .Take(_rates.Count - (MostCollections * 3 / 4))
            .ToList();
        foreach (var rates in quiet)
        {
            _rates.Remove(rates.Namespace);
            _forgotten.Add(rates.Namespace);
        }

        var gone = quiet.ToHashSet();
        _noticed.ExceptWith(gone);
        foreach (var id in _byId.Where(one => gone.Contains(one.Value)).Select(static one => one.Key).ToList())
        {
            _byId.Remove(id);
        }

        (_lastDefinition, _last) = (null, null);
    }
}
